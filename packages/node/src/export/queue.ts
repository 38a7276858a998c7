/** What waits for a push: at most so many, of at most so many characters together; the oldest make room. */
export class BoundedQueue<T> {
  private readonly items: (T | undefined)[];
  private readonly sizes: Float64Array;
  private first = 0;
  private held = 0;
  private total = 0;

  constructor(
    private readonly most: number,
    private readonly mostSize: number,
    private readonly sizeOf: (item: T) => number,
    /** Called with the number of items that made room. */
    private readonly dropped: (count: number) => void,
  ) {
    this.items = new Array<T | undefined>(most).fill(undefined);
    this.sizes = new Float64Array(most);
  }

  get length(): number {
    return this.held;
  }

  get size(): number {
    return this.total;
  }

  add(item: T): void {
    const size = this.sizeOf(item);
    let gone = 0;
    while (this.held > 0 && (this.held === this.most || this.total + size > this.mostSize)) {
      this.shift();
      gone++;
    }
    if (gone > 0) this.dropped(gone);
    const place = (this.first + this.held) % this.most;
    this.items[place] = item;
    this.sizes[place] = size;
    this.held++;
    this.total += size;
  }

  /** The oldest, at most so many. */
  take(most: number): T[] {
    const taken: T[] = [];
    while (taken.length < most && this.held > 0) taken.push(this.shift());
    return taken;
  }

  private shift(): T {
    const item = this.items[this.first] as T;
    this.items[this.first] = undefined;
    this.total -= this.sizes[this.first]!;
    this.first = (this.first + 1) % this.most;
    this.held--;
    return item;
  }
}
