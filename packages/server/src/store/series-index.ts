/** All series that are known, by label set, by id, and by label value. */
import { createHash } from 'node:crypto';
import { compileMatchers, type Matcher } from '@nightshift/promql';
import type { Labels } from '@nightshift/wire';
import { countLabels, type LabelCounts } from './cardinality.ts';

export interface Series {
  /** Dense number in this process. */
  readonly number: number;
  /** In the engine, for good. */
  readonly id: bigint;
  readonly labels: Labels;
  /** False until its row is in the engine. */
  readonly stored: boolean;
}

/** No text that was decoded from UTF-8 has a lone surrogate, so that keys of different label sets differ. */
const SEPARATOR = '\udfff';

/** The identity of a label set: names and values in order of name. */
export function canonicalKey(labels: Labels): string {
  let key = '';
  for (const [name, value] of labels) key += name + SEPARATOR + value + SEPARATOR;
  return key;
}

const sha1 = (text: string): bigint =>
  createHash('sha1').update(Buffer.from(text, 'utf16le')).digest().readBigUInt64LE(0);

/** Bits of an id that all series of one metric name share. */
const NAME_BITS = 20n;

/**
 * The id of a key: the first bits from the SHA-1 of the metric name's UTF-16LE, the others from that of the whole key. So
 * the series of a metric are neighbours in the engine (docs/decisions/010-sample-layout.md).
 */
export function hashKey(key: string): bigint {
  const parts = key.split(SEPARATOR);
  const at = parts.findIndex((part, i) => i % 2 === 0 && part === '__name__');
  const name = at < 0 ? '' : (parts[at + 1] ?? '');
  return ((sha1(name) >> (64n - NAME_BITS)) << (64n - NAME_BITS)) | (sha1(key) >> NAME_BITS);
}

export class SeriesIndex {
  /** Both words of the id of each series, the low one first, by its number. */
  idWords = new Uint32Array(2048);
  /** Series whose row is not in the engine yet. */
  unstored = 0;
  private readonly all: { -readonly [K in keyof Series]: Series[K] }[] = [];
  private readonly byKey = new Map<string, Series>();
  private readonly byId = new Map<bigint, Series>();
  private readonly postings = new Map<string, Map<string, Series[]>>();

  /** @param hash injectable, so that collisions can be tested with real data */
  constructor(private readonly hash: (key: string) => bigint = hashKey) {}

  get size(): number {
    return this.all.length;
  }

  /** The series of a label set, made known if it is new. On a collision of ids the next free one is taken. */
  intern(labels: Labels): Series;
  /** Undefined for a new one where there are `most` already. */
  intern(labels: Labels, most: number): Series | undefined;
  intern(labels: Labels, most = Number.POSITIVE_INFINITY): Series | undefined {
    const key = canonicalKey(labels);
    const known = this.byKey.get(key);
    if (known) return known;
    if (this.all.length >= most) return undefined;
    let id = this.hash(key);
    while (this.byId.has(id)) id = BigInt.asUintN(64, id + 1n);
    return this.add(key, id, labels, false);
  }

  has(labels: Labels): boolean {
    return this.byKey.has(canonicalKey(labels));
  }

  /** A series as the engine has it. */
  load(id: bigint, labels: Labels): void {
    const key = canonicalKey(labels);
    if (!this.byKey.has(key)) this.add(key, id, labels, true);
  }

  /** The `limit` largest of each list. */
  cardinality(limit: number): LabelCounts {
    return countLabels(this.postings, limit);
  }

  get(id: bigint): Series | undefined {
    return this.byId.get(id);
  }

  /** The series of a number that this index has given. */
  at(number: number): Series {
    return this.all[number]!;
  }

  /** Their rows are in the engine. */
  markStored(series: Iterable<Series>): void {
    for (const { number } of series) {
      const one = this.all[number]!;
      if (!one.stored) this.unstored--;
      one.stored = true;
    }
  }

  private add(key: string, id: bigint, labels: Labels, stored: boolean): Series {
    const series = { number: this.all.length, id, labels, stored };
    this.all.push(series);
    if (!stored) this.unstored++;
    this.noteId(series);
    this.byKey.set(key, series);
    this.byId.set(id, series);
    for (const [name, value] of labels) {
      let values = this.postings.get(name);
      if (!values) {
        values = new Map();
        this.postings.set(name, values);
      }
      const list = values.get(value);
      if (list) list.push(series);
      else values.set(value, [series]);
    }
    return series;
  }

  private noteId({ number, id }: Series): void {
    if (2 * number === this.idWords.length) {
      const larger = new Uint32Array(this.idWords.length * 2);
      larger.set(this.idWords);
      this.idWords = larger;
    }
    this.idWords[2 * number] = Number(id & 0xffffffffn);
    this.idWords[2 * number + 1] = Number(id >> 32n);
  }

  /** Series that every matcher accepts. @throws RegexpSyntaxError for a pattern that is not RE2. */
  match(matchers: readonly Matcher[]): Series[] {
    const accepts = compileMatchers(matchers);
    let candidates: readonly Series[] = this.all;
    for (const { name, op, value } of matchers) {
      if (op !== '=' || value === '') continue;
      const list = this.postings.get(name)?.get(value) ?? [];
      if (list.length < candidates.length) candidates = list;
    }
    return candidates.filter((series) => accepts(series.labels));
  }

  /** Those with this number and above. */
  since(number: number): Series[] {
    return this.all.slice(number);
  }

  /** Series that any of the selectors accepts, each once; no selector means all. */
  matchAny(selectors: readonly (readonly Matcher[])[]): Series[] {
    if (selectors.length === 0) return [...this.all];
    if (selectors.length === 1) return this.match(selectors[0]!);
    return [...new Set(selectors.flatMap((matchers) => this.match(matchers)))];
  }
}
