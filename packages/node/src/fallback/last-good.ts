/** The last good values by key, the least recently written going first. */
export class LastGood<T> {
  private readonly values = new Map<string, { readonly value: T; readonly at: number }>();

  constructor(
    private readonly most: number,
    private readonly maximumAgeMs: number,
    private readonly now: () => number,
  ) {}

  keep(key: string, value: T): void {
    this.values.delete(key);
    this.values.set(key, { value, at: this.now() });
    if (this.values.size <= this.most) return;
    const [oldest] = this.values.keys();
    if (oldest !== undefined) this.values.delete(oldest);
  }

  /** Undefined where there is none, or it is too old. */
  find(key: string): { readonly value: T; readonly ageMs: number } | undefined {
    const kept = this.values.get(key);
    if (!kept) return undefined;
    const ageMs = this.now() - kept.at;
    if (ageMs <= this.maximumAgeMs) return { value: kept.value, ageMs };
    this.values.delete(key);
    return undefined;
  }

  get size(): number {
    return this.values.size;
  }
}
