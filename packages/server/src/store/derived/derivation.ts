/** Something that is computed from the samples of an hour to make reading fast; it can be thrown away and made again. */
export interface Derivation {
  readonly name: string;
  /** Whose rows `build` writes. Partitioned by day (toYYYYMMDD), with columns `hour` (Unix hours) and `generation` (UInt64). */
  readonly tables: readonly string[];
  /**
   * Writes all rows of that Unix hour under that generation. May be interrupted: then its rows never count. Rows count
   * only while their generation is the one that `DerivedHours.current` gives for their hour.
   */
  build(hour: number, generation: number, signal: AbortSignal): Promise<void>;
}
