/** A case that is not expected to pass, with its reason. One that passes after all is an error. */
export interface Exclusion {
  readonly suite: string;
  readonly file: string;
  readonly case: string;
  readonly reason: string;
}

/** Cases of a file that are excluded for the same reason. */
export function excluded(suite: string, file: string, reason: string, cases: readonly string[]): Exclusion[] {
  return cases.map((name) => ({ suite, file, case: name, reason }));
}
