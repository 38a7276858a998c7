import {
  type Exemplar,
  type Labels,
  type MetricBatch,
  type MetricMetadata,
  type MetricType,
  WireError,
} from './batch.ts';
import { MetricColumns } from './columns.ts';
import { exemplarOf } from './exemplar.ts';
import { type ClassicPart, ClassicSeriesCollector, classicPartOf } from './histogram/classic-series.ts';
import { LabelCollector, METRIC_NAME } from './labels.ts';
import { uniformFloat } from './open-metrics-float.ts';
import type { SeriesMemory } from './series-memory.ts';
import { checkTimestamp, nearestTimestamp } from './timestamp.ts';

/**
 * Parses Prometheus' text exposition format 0.0.4 and the quoted UTF-8 names of 1.0.0
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Samples without a timestamp take `receivedAt` (Unix
 * milliseconds). A family's `# TYPE` and `# HELP` become one entry of metadata.
 * A `memory` of the last texts of the same source saves the parsing of series that come again; it gets those of this one.
 * With a `conversion` classic histograms become native ones with custom buckets, each a series behind all others.
 * @throws WireError naming line and column, both from 1, of the first offence; nothing of such a text may be used.
 */
export function parseExposition(
  text: string,
  receivedAt: number,
  memory?: SeriesMemory<unknown>,
  conversion?: ClassicConversion,
): MetricBatch {
  return new ExpositionParser(text, receivedAt, CLASSIC, memory, conversion).parse();
}

/** How classic histograms become native ones. */
export interface ClassicConversion {
  /** Whether the classic series are given as well. */
  readonly keepsClassic: boolean;
}

/**
 * Parses OpenMetrics text 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/) as far as it tells samples,
 * metadata and exemplars; as in Prometheus, families that are not well-formed among themselves are taken. A counter's
 * family has its name without `_total`. An exemplar without a time of its own takes that of its sample.
 * @throws WireError as `parseExposition`; also for a text that does not end with `# EOF`, which is a torn one.
 */
export function parseOpenMetrics(
  text: string,
  receivedAt: number,
  memory?: SeriesMemory<unknown>,
  conversion?: ClassicConversion,
): MetricBatch {
  return new ExpositionParser(text, receivedAt, OPEN_METRICS, memory, conversion).parse();
}

interface Dialect {
  readonly types: ReadonlyMap<string, MetricType>;
  /** Times are seconds with a fraction, and there are units, exemplars and `# EOF`. */
  readonly isOpen: boolean;
}

const TYPES: ReadonlyMap<string, MetricType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
  ['unknown', 'unknown'],
]);

const CLASSIC: Dialect = { types: TYPES, isOpen: false };
const OPEN_TYPES: readonly MetricType[] = [
  ...(['counter', 'gauge', 'histogram', 'summary', 'unknown'] as const),
  ...(['gaugehistogram', 'info', 'stateset'] as const),
];
const OPEN_METRICS: Dialect = { types: new Map(OPEN_TYPES.map((type) => [type, type])), isOpen: true };

/** Labels whose values are numbers, which Prometheus since 3.0 stores in one notation. */
const NUMERIC_LABELS: Partial<Record<MetricType, string>> = { histogram: 'le', summary: 'quantile' };

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const INTEGER = /^[+-]?\d{1,19}$/;

class ExpositionParser {
  private readonly text: string;
  private readonly receivedAt: number;
  private readonly dialect: Dialect;
  private readonly columns = new MetricColumns();
  private readonly labels = new LabelCollector();
  private readonly exemplarLabels = new LabelCollector();
  private readonly families = new Map<string, { type: MetricType; help: string; unit: string }>();
  /** Strings taken from the text, copied once each: a slice would keep the whole text alive. */
  private readonly owned = new Map<string, string>();
  private readonly memory: SeriesMemory<unknown> | undefined;
  private readonly histograms: ClassicSeriesCollector | undefined;
  private readonly keepsClassic: boolean;
  /** Of the family that was declared last. */
  private type: MetricType = 'unknown';
  private familyName = '';
  /** The labels of the sample, where they were made of the text. */
  private made: Labels | undefined;
  private part: ClassicPart | undefined;
  /** Whether the exemplar that was read last has a time of its own. */
  private isExemplarTimed = false;
  private pos = 0;
  private line = 1;
  private lineStart = 0;
  private ended = false;

  constructor(
    text: string,
    receivedAt: number,
    dialect: Dialect,
    memory: SeriesMemory<unknown> | undefined,
    conversion: ClassicConversion | undefined,
  ) {
    this.memory = memory;
    this.histograms = conversion && new ClassicSeriesCollector();
    this.keepsClassic = conversion?.keepsClassic ?? true;
    this.text = text;
    this.receivedAt = receivedAt;
    this.dialect = dialect;
  }

  parse(): MetricBatch {
    while (this.pos < this.text.length) {
      if (!this.dialect.isOpen) this.blanks();
      if (this.ended) throw this.error('something follows "# EOF"', this.pos);
      if (this.code() === HASH) this.comment();
      else if (!this.atLineEnd()) this.sample();
      this.nextLine();
    }
    if (this.dialect.isOpen && !this.ended) throw this.error('the text does not end with "# EOF"', this.pos);
    this.converted();
    for (const [name, { type, help, unit }] of this.families) {
      const entry: MetricMetadata = { name, type, help, unit };
      this.columns.metadata.push(entry);
    }
    return this.columns.finish();
  }

  private converted(): void {
    const { histograms, memory, columns } = this;
    histograms?.end();
    for (const { identity, timestamp, timed, histogram, exemplars } of histograms?.converted ?? []) {
      const { labels, key } = identity;
      memory?.learn(key, () => labels);
      memory?.timed.push(timed);
      const series = columns.addSeries(labels);
      columns.pushHistogram(series, timestamp, histogram);
      for (const exemplar of exemplars) columns.pushExemplar(series, exemplar);
    }
  }

  private sample(): void {
    const { memory } = this;
    const start = this.pos;
    this.made = undefined;
    const known = memory?.recall(this.text, start);
    let labels: Labels;
    if (known) {
      labels = known.labels;
      this.pos += known.text.length;
    } else labels = this.series();
    this.separator();
    const value = this.value();
    if (!this.atLineEnd()) this.separator();
    const timed = !this.atLineEnd() && !this.atExemplar();
    const timestamp = timed ? this.timestamp() : this.receivedAt;
    memory?.timed.push(timed);
    if (timed && !this.atLineEnd()) this.separator();
    const exemplar = this.atExemplar() ? [this.exemplar(timestamp)] : [];
    if (!this.atLineEnd()) throw this.error(`expected the end of the line, got ${this.shown()}`, this.pos);
    const series = this.columns.addSeries(labels);
    if (this.histograms && this.type === 'histogram') {
      const exemplars = this.isExemplarTimed ? exemplar : [];
      const part = this.classicPart(start);
      const isTaken = this.histograms.take(part, this.familyName, { value, timestamp, timed, exemplars });
      if (isTaken && !this.keepsClassic) return;
    }
    this.columns.push(series, timestamp, value);
    for (const one of exemplar) this.columns.pushExemplar(series, one);
  }

  /** Of the sample whose series stands at `start`. What is remembered of it may be other labels than those of the text. */
  private classicPart(start: number): ClassicPart {
    const known = this.memory?.current.at(-1);
    if (known?.classic) return known.classic;
    if (!this.made) {
      const { pos } = this;
      this.pos = start;
      this.collectSeries();
      this.pos = pos;
    }
    this.part = classicPartOf(this.made ?? this.makeLabels(start), this.part);
    if (known) known.classic = this.part;
    return this.part;
  }

  /** The name and the labels in front of a value. */
  private series(): Labels {
    const start = this.pos;
    const end = this.collectSeries();
    const make = () => {
      this.made = this.makeLabels(start);
      return this.made;
    };
    return this.memory ? this.memory.learn(this.text.slice(start, end), make).labels : make();
  }

  /** Returns where they end, and leaves the position there or at the blanks behind. */
  private collectSeries(): number {
    const start = this.pos;
    this.labels.clear();
    let named = this.isNameStart();
    if (named) this.labels.add(METRIC_NAME, this.bareName(true));
    let end = this.pos;
    if (!this.dialect.isOpen) this.blanks();
    if (this.code() === OPEN) {
      named = this.labelSet(named, this.labels);
      end = this.pos;
    }
    if (!named) throw this.error('expected a metric name', start);
    return end;
  }

  private atExemplar(): boolean {
    return this.dialect.isOpen && this.code() === HASH;
  }

  /** `# {labels} value [time]` behind a sample; undefined where its labels or its time are not usable. */
  private exemplar(sampleTime: number): Exemplar | undefined {
    this.pos++;
    this.blanks();
    if (this.code() !== OPEN) throw this.error(`expected the labels of an exemplar, got ${this.shown()}`, this.pos);
    this.exemplarLabels.clear();
    this.labelSet(true, this.exemplarLabels);
    this.separator();
    const value = this.value();
    this.isExemplarTimed = !this.atLineEnd();
    if (!this.isExemplarTimed) return exemplarOf(this.exemplarLabels, value, sampleTime);
    this.separator();
    return exemplarOf(this.exemplarLabels, value, this.timestamp());
  }

  /** Reads `{…}`; returns whether the metric is named, before the braces or as a quoted name within. */
  private labelSet(namedBefore: boolean, into: LabelCollector): boolean {
    let named = namedBefore;
    this.pos++;
    this.blanks();
    while (this.code() !== CLOSE) {
      const start = this.pos;
      const quoted = this.code() === QUOTE;
      const name = quoted ? this.quotedText() : this.bareName(false);
      this.blanks();
      if (this.code() === EQUALS) {
        this.pos++;
        this.blanks();
        if (this.code() !== QUOTE) throw this.error(`expected a quoted label value, got ${this.shown()}`, this.pos);
        const value = this.quotedText();
        into.add(name, name === NUMERIC_LABELS[this.type] ? this.own(uniformFloat(value)) : value);
      } else if (!quoted) throw this.error(`expected "=" after the label name, got ${this.shown()}`, this.pos);
      else if (named) throw this.error('a second metric name', start);
      else {
        named = true;
        into.add(METRIC_NAME, name);
      }
      this.blanks();
      // Prometheus' own parser takes classic labels without a comma between them, but never two commas.
      if (this.code() === COMMA) {
        this.pos++;
        this.blanks();
      } else if (this.dialect.isOpen && this.code() !== CLOSE) {
        throw this.error(`expected a comma or the end of the labels, got ${this.shown()}`, this.pos);
      }
    }
    this.pos++;
    return named;
  }

  private makeLabels(start: number): Labels {
    try {
      return this.labels.make('a sample');
    } catch (error) {
      throw this.error((error as Error).message, start);
    }
  }

  private value(): number {
    const start = this.pos;
    const token = this.token();
    if (NUMBER.test(token)) return Number(token);
    const infinite = INFINITE.exec(token);
    if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
    if (/^nan$/i.test(token)) return Number.NaN;
    throw this.error(
      token === '' ? 'expected a value, got the end of the line' : `not a number: ${quote(token)}`,
      start,
    );
  }

  private timestamp(): number {
    const start = this.pos;
    const token = this.token();
    const { isOpen } = this.dialect;
    if (!(isOpen ? NUMBER : INTEGER).test(token)) {
      throw this.error(`not a timestamp in ${isOpen ? 'seconds' : 'whole milliseconds'}: ${quote(token)}`, start);
    }
    // Any number of seconds is good OpenMetrics, as in Prometheus; what lies too far ahead is for the scrape to leave out.
    if (isOpen) return nearestTimestamp(Math.round(Number(token) * 1000));
    const timestamp = Number(token);
    try {
      checkTimestamp(timestamp, 'a sample');
    } catch (error) {
      throw this.error((error as Error).message, start);
    }
    return timestamp;
  }

  /** `# TYPE name type` and `# HELP name text`; any other comment is passed over. */
  private comment(): void {
    this.pos++;
    const afterHash = this.pos;
    this.blanks();
    if (this.pos === afterHash) {
      if (this.dialect.isOpen) throw this.error('OpenMetrics has no comments', afterHash);
      this.toLineEnd();
      return;
    }
    const keyword = this.token();
    const { isOpen } = this.dialect;
    if (isOpen && keyword === 'EOF' && this.atLineEnd()) {
      this.ended = true;
      return;
    }
    if (keyword !== 'TYPE' && keyword !== 'HELP' && !(isOpen && keyword === 'UNIT')) {
      if (isOpen) throw this.error(`expected HELP, TYPE, UNIT or EOF, got ${quote(keyword)}`, afterHash + 1);
      this.toLineEnd();
      return;
    }
    this.separator();
    if (this.code() !== QUOTE && !this.isNameStart()) {
      throw this.error(`expected a metric name after ${keyword}, got ${this.shown()}`, this.pos);
    }
    const name = this.code() === QUOTE ? this.quotedText() : this.bareName(true);
    if (!this.atLineEnd() && !isBlank(this.code())) throw this.error(`unexpected ${this.shown()} in a name`, this.pos);
    this.histograms?.end();
    if (isOpen && this.code() !== SPACE) throw this.error(`expected a space, got ${this.shown()}`, this.pos);
    this.separator();
    const start = this.pos;
    this.toLineEnd();
    const rest = this.text.slice(start, this.pos);
    if (keyword === 'HELP') this.family(name).help = this.own(isOpen ? unescapeQuoted(rest) : unescapeHelp(rest));
    else if (keyword === 'UNIT') this.family(name).unit = this.own(rest.trimEnd());
    else {
      this.type = this.typeOf(rest.trimEnd(), start);
      this.familyName = name;
      this.family(name).type = this.type;
    }
  }

  private typeOf(word: string, start: number): MetricType {
    const { types } = this.dialect;
    const type = types.get(word);
    if (type !== undefined) return type;
    throw this.error(`unknown metric type ${quote(word)}, expected one of ${[...types.keys()].join(', ')}`, start);
  }

  private family(name: string): { type: MetricType; help: string; unit: string } {
    let family = this.families.get(name);
    if (family === undefined) {
      family = { type: 'unknown', help: '', unit: '' };
      this.families.set(name, family);
    }
    return family;
  }

  private isNameStart(): boolean {
    const code = this.code();
    return isNameCode(code, true) && !(code >= 0x30 && code <= 0x39);
  }

  private bareName(isMetric: boolean): string {
    const start = this.pos;
    if (this.isNameStart()) while (isNameCode(this.code(), isMetric)) this.pos++;
    if (this.pos === start) throw this.error(`expected a name, got ${this.shown()}`, start);
    return this.own(this.text.slice(start, this.pos));
  }

  /** A quoted text, the position at its first quote; `\\`, `\"` and `\n` are escapes, other backslashes stay. */
  private quotedText(): string {
    const { text } = this;
    const start = this.pos + 1;
    let escaped = false;
    for (let pos = start; pos < text.length; pos++) {
      const code = text.charCodeAt(pos);
      if (code === QUOTE) {
        this.pos = pos + 1;
        const raw = text.slice(start, pos);
        return this.own(escaped ? unescapeQuoted(raw) : raw);
      }
      if (code === NEWLINE) break;
      if (code === BACKSLASH) {
        escaped = true;
        if (text.charCodeAt(pos + 1) !== NEWLINE) pos++;
      }
    }
    throw this.error('a quoted text is not closed on its line', this.pos);
  }

  private own(slice: string): string {
    let copy = this.owned.get(slice);
    if (copy === undefined) {
      copy = slice.length < 13 ? slice : ` ${slice}`.slice(1);
      this.owned.set(copy, copy);
    }
    return copy;
  }

  private token(): string {
    const start = this.pos;
    while (!this.atLineEnd() && !isBlank(this.code())) this.pos++;
    return this.text.slice(start, this.pos);
  }

  /** One space in OpenMetrics; any blanks, or none, in the classic format. */
  private separator(): void {
    if (!this.dialect.isOpen) this.blanks();
    else if (this.code() === SPACE) this.pos++;
  }

  private blanks(): void {
    while (isBlank(this.code())) this.pos++;
  }

  private toLineEnd(): void {
    const end = this.text.indexOf('\n', this.pos);
    this.pos = end < 0 ? this.text.length : end;
    if (this.text.charCodeAt(this.pos - 1) === RETURN) this.pos--;
  }

  private nextLine(): void {
    if (this.code() === RETURN) this.pos++;
    this.pos++;
    this.line++;
    this.lineStart = this.pos;
  }

  /** At a line feed, at the carriage return before one, or at the end of the text. */
  private atLineEnd(): boolean {
    const code = this.code();
    if (code === RETURN) return this.pos + 1 >= this.text.length || this.text.charCodeAt(this.pos + 1) === NEWLINE;
    return code === NEWLINE || this.pos >= this.text.length;
  }

  private code(): number {
    return this.text.charCodeAt(this.pos);
  }

  private shown(): string {
    return this.atLineEnd() ? 'the end of the line' : quote(String.fromCodePoint(this.text.codePointAt(this.pos)!));
  }

  private error(offence: string, at: number): WireError {
    return new WireError(`line ${this.line}, column ${at - this.lineStart + 1}: ${offence}`);
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Colons are for metric names only. */
function isNameCode(code: number, isMetric: boolean): boolean {
  const lower = code | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || (code >= 0x30 && code <= 0x39) || (isMetric && code === 0x3a)
  );
}

function quote(token: string): string {
  return JSON.stringify(token.slice(0, 100));
}

function unescapeQuoted(raw: string): string {
  return raw.replace(/\\(["\\n])/g, (_, code: string) => (code === 'n' ? '\n' : code));
}

function unescapeHelp(raw: string): string {
  return raw.replace(/\\([\\n])/g, (_, code: string) => (code === 'n' ? '\n' : code));
}
