/** The hot loop of decoding: a prometheus.TimeSeries that is known, with nothing but samples behind its labels. */
import type { MetricColumns } from '../columns.ts';
import type { SeriesTable } from './series-table.ts';

const LABEL_TAG = 0x0a;
const SAMPLE_TAG = 0x12;
const VALUE_TAG = 0x09;
const TIMESTAMP_TAG = 0x10;

/**
 * Reads messages of one body as long as they are of known series and written as every sender writes them. Whatever is
 * otherwise is left to the full decoder, which also says what is wrong with it.
 */
export class KnownSeriesReader {
  /** The series that was read last. */
  last = -1;

  private readonly table: SeriesTable;
  private readonly buf: Uint8Array;
  private readonly view: DataView;
  private readonly columns: MetricColumns;

  constructor(table: SeriesTable, buf: Uint8Array, view: DataView, columns: MetricColumns) {
    this.table = table;
    this.buf = buf;
    this.view = view;
    this.columns = columns;
  }

  /** Takes the message in [start, end) to the columns and gives the series' number in the table; -1, with nothing taken, for one that is not so. */
  read(start: number, end: number): number {
    const table = this.table;
    const buf = this.buf;
    const columns = this.columns;
    const expected = table.followerOf(this.last);
    let at = expected < 0 ? -1 : table.endAt(expected, this.view, start, end);
    let ref = expected;
    if (at < 0 || (at < end && buf[at] === LABEL_TAG)) {
      at = this.endOfLabels(start, end);
      if (at < 0) return -1;
      ref = table.find(this.view, start, at);
      if (ref < 0) return -1;
      table.follow(this.last, ref);
    }
    const before = columns.samples;
    if (!this.samples(columns.series.length, at, end)) {
      columns.cut(before);
      return -1;
    }
    columns.addSeries(table.labels[ref]!);
    this.last = ref;
    return ref;
  }

  /** The end of the labels that a message begins with, -1 where they are not written as usual. */
  private endOfLabels(start: number, end: number): number {
    const buf = this.buf;
    let at = start;
    while (at < end && buf[at] === LABEL_TAG) {
      let size = buf[at + 1]!;
      at += 2;
      if (size >= 0x80) {
        const high = buf[at++]!;
        if (high >= 0x80) return -1;
        size = (size & 0x7f) | (high << 7);
      }
      at += size;
      if (!(at <= end)) return -1;
    }
    return at;
  }

  private samples(series: number, start: number, end: number): boolean {
    const buf = this.buf;
    const view = this.view;
    const columns = this.columns;
    let at = start;
    while (at < end) {
      if (buf[at] !== SAMPLE_TAG) return false;
      const size = buf[at + 1]!;
      const after = at + 2 + size;
      if (!(size < 0x80 && after <= end)) return false;
      at += 2;
      let low = 0;
      let high = 0;
      if (buf[at] === VALUE_TAG && at + 9 <= after) {
        low = view.getUint32(at + 1, true);
        high = view.getUint32(at + 5, true);
        at += 9;
      }
      let time = 0;
      if (at < after) {
        if (buf[at++] !== TIMESTAMP_TAG) return false;
        let shift = 1;
        let byte = 0x80;
        // Seven bytes reach beyond the year 19,000; longer ones are for the full decoder.
        for (let count = 0; count < 7 && byte >= 0x80; count++, shift *= 128) {
          if (at >= after) return false;
          byte = buf[at++]!;
          time += (byte & 0x7f) * shift;
        }
        if (byte >= 0x80 || at !== after) return false;
      }
      columns.pushBits(series, time, low, high);
    }
    return true;
  }
}
