/** Above this many, Go sorts by a quicksort whose order of equals is not worth following. */
const INSERTION_SORTED = 12;

/**
 * The indexes of the largest keys, at most `capacity` of them. Which of several equals stay, and in which order, follows
 * from the heap of Prometheus (container/heap in Go), so it is built the same way. NaN ranks below every number.
 */
export class Ranking {
  readonly members: number[] = [];
  private readonly keys: Float64Array;
  private readonly capacity: number;

  constructor(keys: Float64Array, capacity: number) {
    this.keys = keys;
    this.capacity = capacity;
  }

  push(index: number): void {
    this.members.push(index);
    this.up(this.members.length - 1);
  }

  /** Adds an index, in the place of the lowest one if it is full. */
  offer(index: number): void {
    if (this.members.length < this.capacity) {
      this.push(index);
      return;
    }
    const lowest = this.keys[this.members[0]!]!;
    const key = this.keys[index]!;
    if (lowest < key || (Number.isNaN(lowest) && !Number.isNaN(key))) {
      this.members[0] = index;
      this.down();
    }
  }

  /** Best first. */
  sorted(): number[] {
    const { members } = this;
    if (members.length > INSERTION_SORTED) {
      return members.sort((a, b) => Number(this.isBelow(a, b)) - Number(this.isBelow(b, a)));
    }
    for (let i = 1; i < members.length; i++) {
      for (let j = i; j > 0 && this.isBelow(members[j - 1]!, members[j]!); j--) this.swap(j, j - 1);
    }
    return members;
  }

  private isBelow(a: number, b: number): boolean {
    const key = this.keys[a]!;
    return key < this.keys[b]! || Number.isNaN(key);
  }

  private up(from: number): void {
    for (let j = from; j > 0; ) {
      const parent = (j - 1) >> 1;
      if (!this.isBelow(this.members[j]!, this.members[parent]!)) return;
      this.swap(parent, j);
      j = parent;
    }
  }

  private down(): void {
    const { members } = this;
    for (let i = 0; ; ) {
      let child = 2 * i + 1;
      if (child >= members.length) return;
      if (child + 1 < members.length && this.isBelow(members[child + 1]!, members[child]!)) child++;
      if (!this.isBelow(members[child]!, members[i]!)) return;
      this.swap(i, child);
      i = child;
    }
  }

  private swap(i: number, j: number): void {
    const kept = this.members[i]!;
    this.members[i] = this.members[j]!;
    this.members[j] = kept;
  }
}
