/** Rows of the table `samples` in RowBinary: id u64, time i64 (Unix milliseconds), value f64, little-endian as all of RowBinary. */
const WORDS = 6;
const FIRST_ROWS = 4096;
const HIGH = 2 ** 32;

export class SampleRows {
  private words = new Uint32Array(FIRST_ROWS * WORDS);
  private rows = 0;

  /** Makes room for as many more rows. */
  reserve(rows: number): void {
    const needed = (this.rows + rows) * WORDS;
    if (needed <= this.words.length) return;
    const larger = new Uint32Array(Math.max(needed, this.words.length * 2));
    larger.set(this.words.subarray(0, this.rows * WORDS));
    this.words = larger;
  }

  /** Adds a row for which there is room. */
  push(idLow: number, idHigh: number, time: number, low: number, high: number): void {
    const words = this.words;
    const at = this.rows++ * WORDS;
    const timeHigh = Math.floor(time / HIGH);
    words[at] = idLow;
    words[at + 1] = idHigh;
    words[at + 2] = time - timeHigh * HIGH;
    words[at + 3] = timeHigh;
    words[at + 4] = low;
    words[at + 5] = high;
  }

  /** What was written, a view. */
  finish(): Uint8Array {
    return new Uint8Array(this.words.buffer, 0, this.rows * WORDS * 4);
  }
}
