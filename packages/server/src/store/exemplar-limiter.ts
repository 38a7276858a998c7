/**
 * At most so many exemplars for each series and second of one batch: more tell nothing new, and a sender that attaches
 * one to every request would fill the disk. The same batch always keeps the same ones.
 */
export class ExemplarLimiter {
  dropped = 0;
  private readonly counts = new Map<string, number>();

  constructor(private readonly perSecond = 10) {}

  /** @param series id @param time Unix milliseconds */
  admits(series: bigint, time: number): boolean {
    const key = `${series} ${Math.floor(time / 1000)}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    if (count > this.perSecond) {
      this.dropped++;
      return false;
    }
    this.counts.set(key, count);
    return true;
  }
}
