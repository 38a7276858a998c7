import type { Labels } from './batch.ts';
import type { ClassicPart } from './histogram/classic-series.ts';

const TAB = 0x09;
const SPACE = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A series as it stood in a text: what is in front of its value. */
export class KnownSeries<T> {
  /** What the caller keeps of it. */
  data: T | undefined = undefined;
  /** What it is of a classic histogram, where that was asked for. */
  classic: ClassicPart | undefined = undefined;
  /** The round that had it last. */
  round = 0;

  readonly text: string;
  /** What the parser gives for it; the caller may put others in their place. */
  labels: Labels;

  constructor(text: string, labels: Labels) {
    this.text = text;
    this.labels = labels;
  }
}

/** Entries beyond twice those of the last good text are old ones, or those of texts that were refused. */
const SPARE = 1000;

/**
 * What was found in the last texts of one source, so that a series that comes again is not parsed to labels again: in most
 * texts the next series is the one that was next the last time. `begin` before each text, and `keep` after one that was good.
 */
export class SeriesMemory<T> {
  /** The series of the text being read, one for each sample, in its order. */
  current: KnownSeries<T>[] = [];
  /** Whether the sample at the same place has a time of its own. */
  readonly timed: boolean[] = [];
  private readonly known = new Map<string, KnownSeries<T>>();
  private last: readonly KnownSeries<T>[] = [];
  private next = 0;
  private round = 0;

  get size(): number {
    return this.known.size;
  }

  /** The series of the last text that was good, in its order. */
  get latest(): readonly KnownSeries<T>[] {
    return this.last;
  }

  /** Begins as a memory whose last text had these series. */
  static of<T>(last: readonly KnownSeries<T>[]): SeriesMemory<T> {
    const memory = new SeriesMemory<T>();
    memory.last = last;
    return memory;
  }

  begin(): void {
    this.current = [];
    this.timed.length = 0;
    this.next = 0;
    this.round++;
  }

  keep(): void {
    this.last = this.current;
    if (this.known.size > this.last.length) this.forgetOld();
  }

  /** As a text that was refused leaves it; what it brought is forgotten when it becomes too much. */
  giveUp(): void {
    this.current = [];
    if (this.known.size <= 2 * this.last.length + SPARE) return;
    this.known.clear();
    for (const series of this.last) this.known.set(series.text, series);
  }

  /** The series that stands at `pos`, which becomes the next of `current`; undefined for one that has to be parsed. */
  recall(text: string, pos: number): KnownSeries<T> | undefined {
    const expected = this.last[this.next];
    if (expected !== undefined && stands(expected.text, text, pos)) {
      this.next++;
      return this.take(expected);
    }
    return undefined;
  }

  /** The series of that text, known or new, which becomes the next of `current`. */
  learn(text: string, makeLabels: () => Labels): KnownSeries<T> {
    const expected = this.last[this.next];
    if (expected?.text === text) {
      this.next++;
      return this.take(expected);
    }
    let series = this.known.get(text);
    if (series === undefined) {
      // A copy of its own: a slice would keep the whole text alive.
      const own = ` ${text}`.slice(1);
      series = new KnownSeries<T>(own, makeLabels());
      this.known.set(own, series);
    } else this.resume(series);
    return this.take(series);
  }

  /** After one that was not expected the text goes on as the last one did, if it is near: one came or went. */
  private resume(series: KnownSeries<T>): void {
    for (let i = this.next; i < this.last.length && i < this.next + 8; i++) {
      if (this.last[i] === series) {
        this.next = i + 1;
        return;
      }
    }
  }

  private take(series: KnownSeries<T>): KnownSeries<T> {
    series.round = this.round;
    this.current.push(series);
    return series;
  }

  private forgetOld(): void {
    for (const [text, series] of this.known) if (series.round !== this.round) this.known.delete(text);
  }
}

/** Whether the series is all that stands at `pos`, and not the beginning of a longer one. */
function stands(series: string, text: string, pos: number): boolean {
  let end = pos + series.length;
  // Eight times as fast as startsWith, which compares character by character.
  if (text.slice(pos, end) !== series) return false;
  let code = text.charCodeAt(end);
  if (code === SPACE || code === TAB) {
    while (code === SPACE || code === TAB) code = text.charCodeAt(++end);
    return code !== OPEN || text.charCodeAt(pos + series.length - 1) === CLOSE;
  }
  return false;
}
