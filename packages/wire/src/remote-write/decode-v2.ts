import { type Exemplar, type Labels, type MetricBatch, type MetricMetadata, WireError } from '../batch.ts';
import { MetricColumns } from '../columns.ts';
import { exemplarOf, fitsExemplar, MOST_EXEMPLARS } from '../exemplar.ts';
import { type HistogramMessage, readHistogram } from '../histogram/message.ts';
import { checkHistogram, type TakenHistogram } from '../histogram/take.ts';
import { LabelCollector, METRIC_NAME } from '../labels.ts';
import { FIXED64, LENGTH, ProtoReader, VARINT } from '../protobuf/reader.ts';
import { checkTimestamp } from '../timestamp.ts';
import { METRIC_TYPES, skipUnknown } from './decode.ts';

const WHERE = 'remote write';
/** An empty symbol takes two bytes on the wire and eight here. */
const MOST_SYMBOLS = 1_000_000;
/** Characters of labels that a body may unfold to: a series names its labels by number, so that a few bytes could stand for much. */
const CHARACTERS_PER_BYTE = 16;
const LEAST_CHARACTERS = 1_000_000;
/** Reasons that are kept; the rest is counted. */
const MOST_REASONS = 10;

/** What is written of a request of remote write 2.0; a histogram counts once. */
export interface WrittenCounts {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

export interface WriteResult {
  readonly batch: MetricBatch;
  readonly written: WrittenCounts;
  /** Why the rest was not taken, '' where all was. */
  readonly refusal: string;
}

/**
 * Decodes an io.prometheus.write.v2.Request (Prometheus remote write 2.0, prompb/io/prometheus/write/v2/types.proto), already
 * out of its Snappy block. As the specification allows, a series, sample or histogram that is not usable is left out and the
 * rest is taken. Start timestamps are read over.
 * @throws WireError for damage; nothing of such a body may be used.
 */
export function decodeWriteRequestV2(proto: Uint8Array): WriteResult {
  return new WriteRequestV2Decoder(proto).decode();
}

class WriteRequestV2Decoder {
  private readonly reader: ProtoReader;
  private readonly columns = new MetricColumns();
  private readonly labels = new LabelCollector();
  private readonly exemplarLabels = new LabelCollector();
  private readonly symbols: string[] = [];
  private readonly metadata = new Set<string>();
  private readonly reasons: string[] = [];
  private refused = 0;
  private characters: number;
  private written = { samples: 0, histograms: 0, exemplars: 0 };

  constructor(proto: Uint8Array) {
    this.reader = new ProtoReader(proto);
    this.characters = proto.length * CHARACTERS_PER_BYTE + LEAST_CHARACTERS;
  }

  decode(): WriteResult {
    // Protobuf promises no order of fields: the symbols may come behind the series that name them.
    this.fields(4, () => this.symbol());
    this.reader.pos = 0;
    this.fields(5, () => {
      const outer = this.reader.enter();
      this.timeSeries();
      this.reader.leave(outer);
    });
    const reasons = this.reasons;
    const more = this.refused > reasons.length ? `; and ${this.refused - reasons.length} more` : '';
    return { batch: this.columns.finish(), written: this.written, refusal: reasons.join('; ') + more };
  }

  private fields(wanted: number, read: () => void): void {
    const { reader } = this;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag >>> 3 !== wanted) {
        reader.skip(tag);
        continue;
      }
      reader.expect(tag, LENGTH);
      read();
    }
  }

  private symbol(): void {
    if (this.symbols.length === MOST_SYMBOLS) throw new WireError(`${WHERE}: more than ${MOST_SYMBOLS} symbols`);
    this.symbols.push(this.reader.string());
  }

  /** A message is read whole before anything of it is taken: its labels may come last. */
  private timeSeries(): void {
    const { reader } = this;
    const series = new SeriesMessage();
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      const field = tag >>> 3;
      if (field === 1) readRefs(reader, tag, series.labelRefs);
      else if (field < 1 || field > 5) reader.skip(tag);
      else {
        reader.expect(tag, LENGTH);
        const outer = reader.enter();
        if (field === 2) this.sample(series);
        else if (field === 3) series.histograms.push(readHistogram(reader, series.histograms));
        else if (field === 4) this.exemplar(series);
        else readMetadata(reader, series);
        reader.leave(outer);
      }
    }
    try {
      this.take(series, this.labelsOf(this.labels, series.labelRefs).make(WHERE));
    } catch (error) {
      this.refuse(error);
    }
  }

  private take(series: SeriesMessage, labels: Labels): void {
    const name = labels.get(METRIC_NAME)!;
    const { times, words, histograms } = series;
    if (times.length === 0 && histograms.length === 0) {
      throw new WireError(`${WHERE}: a series of ${JSON.stringify(name)} has neither a sample nor a histogram`);
    }
    this.takeMetadata(series, name);
    const good = this.goodHistograms(histograms, labels);
    if (times.length === 0 && good.length === 0) return;
    const place = this.columns.addSeries(labels);
    for (const [i, time] of times.entries()) {
      this.attempt(() => {
        checkTimestamp(time, `${WHERE}: ${name}`);
        this.columns.pushBits(place, time, words[2 * i]!, words[2 * i + 1]!);
        this.written.samples++;
      });
    }
    for (const histogram of good) {
      histogram.push(this.columns, place);
      this.written.histograms++;
    }
    for (const exemplar of series.exemplars) {
      if (this.isUsable(exemplar)) this.written.exemplars++;
      this.columns.pushExemplar(place, exemplar);
    }
  }

  private goodHistograms(messages: readonly HistogramMessage[], labels: Labels): TakenHistogram[] {
    const good: TakenHistogram[] = [];
    for (const message of messages) this.attempt(() => good.push(checkHistogram(message, labels, WHERE)));
    return good;
  }

  /** Whether the columns will keep it. */
  private isUsable(exemplar: Exemplar | undefined): boolean {
    return exemplar !== undefined && this.written.exemplars < MOST_EXEMPLARS && fitsExemplar(exemplar.labels);
  }

  private takeMetadata({ type, helpRef, unitRef }: SeriesMessage, name: string): void {
    const [help, unit] = [this.symbolOf(helpRef), this.symbolOf(unitRef)];
    if (type === 'unknown' && help === '' && unit === '') return;
    const isFamily = type !== 'histogram' && type !== 'summary' && type !== 'gaugehistogram';
    const family = isFamily ? name : name.replace(/_(bucket|sum|count|gsum|gcount)$/, '');
    if (this.metadata.has(family)) return;
    this.metadata.add(family);
    this.columns.metadata.push({ name: family, type, help, unit });
  }

  private sample({ times, words }: SeriesMessage): void {
    const { reader } = this;
    let time = 0;
    let low = 0;
    let high = 0;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag === ((1 << 3) | FIXED64)) {
        reader.fixed64();
        low = reader.lo;
        high = reader.hi;
      } else if (tag === ((2 << 3) | VARINT)) time = reader.int64();
      else skipUnknown(reader, tag, 2);
    }
    times.push(time);
    words.push(low, high);
  }

  private exemplar({ exemplars }: SeriesMessage): void {
    const { reader } = this;
    const refs: number[] = [];
    let value = 0;
    let timestamp = 0;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag >>> 3 === 1) readRefs(reader, tag, refs);
      else if (tag === ((2 << 3) | FIXED64)) value = reader.double();
      else if (tag === ((3 << 3) | VARINT)) timestamp = reader.int64();
      else skipUnknown(reader, tag, 3);
    }
    let made: Exemplar | undefined;
    // Labels that it cannot have fail the exemplar, and not its series.
    this.attempt(() => {
      made = exemplarOf(this.labelsOf(this.exemplarLabels, refs), value, timestamp);
    });
    exemplars[Math.min(exemplars.length, MOST_EXEMPLARS)] = made;
  }

  /** What is said by numbers, with names and values in turns. */
  private labelsOf(into: LabelCollector, refs: readonly number[]): LabelCollector {
    into.clear();
    if (refs.length % 2 === 1) throw new WireError(`${WHERE}: ${refs.length} label references, which are no pairs`);
    for (let i = 0; i < refs.length; i += 2) {
      const [name, value] = [this.symbolOf(refs[i]!), this.symbolOf(refs[i + 1]!)];
      this.characters -= name.length + value.length;
      if (this.characters < 0) throw new UnfoldedTooFar(`${WHERE}: the labels of all series are too many for the body`);
      into.add(name, value);
    }
    return into;
  }

  private symbolOf(ref: number): string {
    const symbol = this.symbols[ref];
    if (symbol !== undefined) return symbol;
    // Metadata refers to the first symbol, which is the empty one, where it has nothing to say.
    if (ref === 0) return '';
    throw new WireError(`${WHERE}: reference ${ref} with ${this.symbols.length} symbols`);
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.refuse(error);
    }
  }

  private refuse(error: unknown): void {
    if (!(error instanceof WireError) || error instanceof UnfoldedTooFar) throw error;
    this.refused++;
    if (this.reasons.length < MOST_REASONS) this.reasons.push(error.message);
  }
}

/** Fails the whole body. */
class UnfoldedTooFar extends WireError {}

/** io.prometheus.write.v2.TimeSeries. */
class SeriesMessage {
  readonly labelRefs: number[] = [];
  readonly times: number[] = [];
  /** Both words of each value, the low one first. */
  readonly words: number[] = [];
  readonly histograms: HistogramMessage[] = [];
  readonly exemplars: (Exemplar | undefined)[] = [];
  type: MetricMetadata['type'] = 'unknown';
  helpRef = 0;
  unitRef = 0;
}

/** Packed, or one by one. */
function readRefs(reader: ProtoReader, tag: number, into: number[]): void {
  if ((tag & 7) === VARINT) {
    into.push(reader.uint64());
    return;
  }
  reader.expect(tag, LENGTH);
  const outer = reader.enter();
  while (reader.pos < reader.end) into.push(reader.uint64());
  reader.leave(outer);
}

function readMetadata(reader: ProtoReader, series: SeriesMessage): void {
  while (reader.pos < reader.end) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | VARINT)) series.type = METRIC_TYPES[reader.uint64()] ?? 'unknown';
    else if (tag === ((3 << 3) | VARINT)) series.helpRef = reader.uint64();
    else if (tag === ((4 << 3) | VARINT)) series.unitRef = reader.uint64();
    else reader.skip(tag);
  }
}
