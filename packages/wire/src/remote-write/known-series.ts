/** Reading the messages of series that are known, with nothing but samples behind their labels. */
import type { MetricColumns } from '../columns.ts';
import type { SeriesRefs } from './series-refs.ts';
import type { SeriesTable } from './series-table.ts';
import type { WriteModule } from './write-module.ts';

const LABEL_TAG = 0x0a;
const SERIES_TAG = 0x0a;

/**
 * Reads one body, at most as many messages at a time as are of known series and written as every sender writes them.
 * Whatever is otherwise is left to the full decoder, which also says what is wrong with it. What was read is in memory of
 * the module until `drain`.
 */
export class KnownSeriesReader {
  private readonly module: WriteModule;
  private readonly table: SeriesTable;
  private readonly columns: MetricColumns;
  private readonly body: number;
  private readonly end: number;
  private readonly refs: SeriesRefs;

  constructor(table: SeriesTable, body: number, length: number, columns: MetricColumns, refs: SeriesRefs) {
    this.module = table.module;
    this.table = table;
    this.columns = columns;
    this.body = body;
    this.end = body + length;
    this.refs = refs;
    this.module.loops.begin();
  }

  /** Reads messages of the body from `start` on, and says where the first one is that was left. */
  read(start: number): number {
    const module = this.module;
    const end = this.end;
    module.loops.empty(this.columns.seriesCount);
    let at = this.body + start;
    for (;;) {
      at = module.loops.read(at, end);
      const next = at < end ? this.readUnexpected(at) : -1;
      if (next < 0) return at - this.body;
      at = next;
    }
  }

  /** Reads a message that is not of the series that came next the last time; -1, with nothing taken, for one that is to be left. */
  private readUnexpected(at: number): number {
    const module = this.module;
    const table = this.table;
    const end = this.end;
    const { bytes } = module;
    if (bytes[at] !== SERIES_TAG) return -1;
    const start = at + (bytes[at + 1]! < 0x80 ? 2 : 3);
    if (start > end || (start === at + 3 && bytes[at + 2]! >= 0x80)) return -1;
    const after = start + (start === at + 2 ? bytes[at + 1]! : (bytes[at + 1]! & 0x7f) | (bytes[at + 2]! << 7));
    const labelsEnd = after > end ? -1 : this.endOfLabels(start, after);
    if (labelsEnd < 0) return -1;
    const ref = table.find(module.view, start, labelsEnd);
    if (ref < 0) return -1;
    const last = module.loops.lastTaken();
    const known = table.addressOf(ref);
    if (module.loops.take(known, start, after) === 0) {
      if (module.loops.seriesTaken() === 0) return -1;
      // There may have been no room.
      this.drain();
      if (module.loops.take(known, start, after) === 0) return -1;
    }
    table.follow(last, known);
    return after;
  }

  /** Moves what was read to the columns. To be called before they get anything else, and at the end. */
  drain(): void {
    const { module, columns } = this;
    if (module.loops.seriesTaken() > 0) {
      const { index, times, words, numbers } = module.taken();
      this.refs.set(columns.seriesCount, numbers);
      columns.seriesCount += numbers.length;
      columns.pushColumns(index, times, words);
    }
    module.loops.empty(columns.seriesCount);
  }

  /** The end of the labels that a message begins with, -1 where they are not written as usual. */
  private endOfLabels(start: number, end: number): number {
    const { bytes } = this.module;
    let at = start;
    while (at < end && bytes[at] === LABEL_TAG) {
      let size = bytes[at + 1]!;
      at += 2;
      if (size >= 0x80) {
        const high = bytes[at++]!;
        if (high >= 0x80) return -1;
        size = (size & 0x7f) | (high << 7);
      }
      at += size;
      if (!(at <= end)) return -1;
    }
    return at;
  }
}
