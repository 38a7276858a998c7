/** The last `size` of what was added, in typed arrays: adding allocates nothing. */
export class Ring {
  readonly seconds: Float64Array;
  /** Unix milliseconds at which each ended. */
  readonly times: Float64Array;
  /** How many operations each stands for. */
  readonly weights: Float64Array;
  readonly failed: Uint8Array;
  readonly names: string[];
  private added = 0;

  constructor(readonly size: number) {
    this.seconds = new Float64Array(size);
    this.times = new Float64Array(size);
    this.weights = new Float64Array(size);
    this.failed = new Uint8Array(size);
    this.names = new Array<string>(size).fill('');
  }

  get length(): number {
    return Math.min(this.added, this.size);
  }

  add(name: string, seconds: number, time: number, weight: number, failed: boolean): void {
    const place = this.added++ % this.size;
    this.names[place] = name;
    this.seconds[place] = seconds;
    this.times[place] = time;
    this.weights[place] = weight;
    this.failed[place] = failed ? 1 : 0;
  }
}
