import { createHash } from 'node:crypto';
import {
  decodeWriteRequest,
  EncodedLabels,
  type Exemplar,
  KnownSeries,
  type Labels,
  type MetricBatch,
  type MetricMetadata,
  type NativeHistogram,
  reduced,
  ScrapeWriter,
  SeriesMemory,
  withAtMostBuckets,
} from '@nightshift/wire';
import type { Decoded, JournalRecord } from '../record.ts';
import type { Relabelling } from '../relabel/relabel.ts';
import type { ScrapeConfig } from './config/types.ts';
import { BodySizeError, type Exposition, fetchExposition, mostBytes } from './fetch.ts';
import type { HttpClient } from './http/client.ts';
import { packSeries, type RestingSeries, unpackSeries } from './packed-series.ts';
import { parseAnswer } from './parse.ts';
import { acceptHeader } from './protocol.ts';
import { Replay } from './replay.ts';
import { ReportSeries } from './report.ts';
import { labelsToStore, type SampleLabelling } from './sample-labels.ts';
import { reasonOf } from './sd/refresh.ts';
import type { ScrapeTarget } from './target.ts';

/** What all targets of a job share. */
export interface ScrapeSettings {
  readonly config: ScrapeConfig;
  readonly client: HttpClient;
  readonly metricRelabelling: Relabelling;
  /** Between scrapes, series are kept as compressed bytes: a small part of the memory, and each scrape parses all anew. */
  readonly packsSeries: boolean;
}

export interface ScrapeResult {
  readonly record: JournalRecord;
  /** What the record decodes to. */
  readonly decoded: Decoded;
  /** What the target says of its metrics; undefined when the scrape failed, and where series are packed. */
  readonly metadata: readonly MetricMetadata[] | undefined;
  /** '' when it went well. */
  readonly error: string;
}

/** A series that is stored. Several texts of a target may end as the same one. */
class StoredSeries extends EncodedLabels {
  /** The last round that had it, and the time of its sample. */
  round = 0;
  at = 0;
  /** The exemplar that it showed last without a time of its own, as text: it is new only when it changes. */
  shown = '';
  isChanged = false;
}

/** What came of the samples of one answer. */
interface Appended {
  readonly scraped: number;
  readonly afterRelabelling: number;
  readonly seriesAdded: number;
  /** Series whose end is to be marked. */
  readonly tracked: readonly StoredSeries[];
  readonly shown: readonly (readonly [StoredSeries, string])[];
  readonly error: string;
}

const nothing: Appended = { scraped: 0, afterRelabelling: 0, seriesAdded: 0, tracked: [], shown: [], error: '' };

/** A sample further ahead than this is dropped, as in Prometheus. */
const maxAheadMs = 600_000;

/** The labels of a text that is recognized are those of its series. */
const noLabels: Labels = new Map();

/** Of series that the last scrape had and this one has not met yet. */
const restoredRound = -1;

const dropped = Symbol('dropped by relabelling');

type Fate = StoredSeries | typeof dropped;

/**
 * The scrapes of one target, one after the other: what a series' text becomes is worked out once, and series that go get
 * a stale marker. It outlives changes of the configuration.
 */
export class ScrapeSession {
  #memory = new SeriesMemory<Fate>();
  #labelling: SampleLabelling;
  #report: ReportSeries;
  #accept: string;
  readonly #stored = new Map<string, StoredSeries>();
  #previous: readonly StoredSeries[] = [];
  /** At most one of both, where series are packed. */
  #packed: Uint8Array | undefined;
  #replay: Replay | undefined;
  /** Whether the texts that were packed still stand for their series. */
  #textsHold = true;
  /** What was unpacked for the scrape under way. */
  #restored: readonly KnownSeries<Fate>[] = [];
  #trackedBefore = 0;
  #round = 0;
  #bytes = 0;
  #hasReported = false;
  #sentMetadata: readonly MetricMetadata[] = [];
  /** In place of it where series are packed. */
  #sentDigest = '';

  constructor(
    private target: ScrapeTarget,
    private settings: ScrapeSettings,
  ) {
    this.#labelling = labellingOf(target, settings);
    this.#report = reportOf(target, settings);
    this.#accept = acceptHeader(settings.config.protocols, settings.config.escaping);
  }

  /** From the next scrape on, scrapes as these say. */
  update(target: ScrapeTarget, settings: ScrapeSettings): void {
    this.target = target;
    this.settings = settings;
    this.#memory = new SeriesMemory();
    if (this.#replay) this.#packed = packSeries(this.#replay.series());
    this.#replay = undefined;
    this.#textsHold = false;
    this.#labelling = labellingOf(target, settings);
    this.#report = reportOf(target, settings);
    this.#accept = acceptHeader(settings.config.protocols, settings.config.escaping);
  }

  /**
   * Scrapes once. `at` (Unix milliseconds) is the time of every sample that has none of its own. Never throws: a failed
   * scrape is a result with `up` 0, stale markers for all that was there, and the reason in `error`. With `refusal` nothing
   * is asked for and that is the reason. `stored` must be called once the result is durable.
   */
  async scrape(at: number, now: () => number, refusal = ''): Promise<ScrapeResult & { stored(): void }> {
    const started = now();
    let answer: Exposition | undefined;
    let error = refusal;
    let isTooLarge = false;
    try {
      if (refusal === '') answer = await this.#fetch();
    } catch (cause) {
      isTooLarge = cause instanceof BodySizeError;
      error = reasonText(cause);
    }
    const replayed = answer && this.#replayed(answer, at, (now() - started) / 1000);
    if (replayed) return replayed;
    const bodyBytes = isTooLarge ? -1 : (answer?.body.length ?? 0);
    let batch: MetricBatch | undefined;
    let metadata: readonly MetricMetadata[] | undefined;
    let writer = new ScrapeWriter(this.#bytes);
    let appended = nothing;
    this.#round++;
    this.#unpack();
    this.#memory.begin();
    try {
      if (answer) {
        batch = parseAnswer(answer, at, this.#memory, this.target, this.settings.config);
        appended = this.#append(batch, writer, at, now());
        error = appended.error;
      }
    } catch (cause) {
      error = reasonText(cause);
    }
    const appendedBytes = writer.size;
    if (error === '') {
      this.#memory.keep();
      metadata = batch?.metadata;
    } else {
      this.#memory.giveUp();
      writer = new ScrapeWriter(this.#bytes);
      appended = { ...appended, tracked: [], shown: [] };
      this.#round++;
    }
    this.#markEnded(writer, at);
    const digest = metadata && this.settings.packsSeries ? digestOf(metadata) : '';
    const newMetadata = metadata && !this.#wasSent(metadata, digest) ? metadata : undefined;
    if (newMetadata) writer.metadata(newMetadata);
    const seconds = (now() - started) / 1000;
    this.#report.write(writer, at, { up: error === '', seconds, bodyBytes, ...appended });
    this.#bytes = writer.size;
    const result = this.#result(writer, at);
    const recorded = () => {
      const isPlain = batch && error === '' && isReplayable(batch, appended, this.#memory);
      return isPlain && answer ? this.#record(answer, result.record.body.subarray(0, appendedBytes), at) : undefined;
    };
    const stored = () => {
      this.#hasReported = true;
      if (newMetadata && !this.settings.packsSeries) this.#sentMetadata = newMetadata;
      if (newMetadata) this.#sentDigest = digest;
      this.#previous = appended.tracked;
      for (const [series, text] of appended.shown) {
        series.isChanged ||= series.shown !== text;
        series.shown = text;
      }
      if (this.settings.packsSeries) this.#pack(recorded());
      else this.#forgetOld();
    };
    // What is the same as before is given back as it was, so that it is in memory once.
    const kept = newMetadata ?? (metadata && this.#sentMetadata);
    const shownMetadata = this.settings.packsSeries ? undefined : kept;
    return { ...result, metadata: shownMetadata, error, stored };
  }

  #fetch(): Promise<Exposition> {
    const { config, client } = this.settings;
    return fetchExposition(client, {
      url: this.target.url,
      accept: this.#accept,
      timeoutMs: this.target.timeoutMs,
      compression: config.enableCompression,
      maxBytes: config.limits.bodyBytes > 0 ? config.limits.bodyBytes - 1 : mostBytes,
    });
  }

  /** What comes of an answer with the series of the last one, by which nothing changes that is kept. */
  #replayed(answer: Exposition, at: number, seconds: number): (ScrapeResult & { stored(): void }) | undefined {
    const replay = this.#replay;
    if (!replay) return undefined;
    const { scraped, afterRelabelling } = replay;
    const bodyBytes = answer.body.length;
    const writer = new ScrapeWriter(0);
    this.#report.write(writer, at, { up: true, seconds, bodyBytes, seriesAdded: 0, scraped, afterRelabelling });
    const body = replay.run(answer, at, writer.finish().body);
    if (!body) return undefined;
    const decoded = {
      // Who sends it on does not ask for it.
      get metrics() {
        return decodeWriteRequest(body);
      },
    };
    const record = { kind: 'remote-write', format: 'protobuf', receivedAt: at, body } as const;
    return { record, decoded, metadata: undefined, error: '', stored: () => {} };
  }

  #record(answer: Exposition, request: Uint8Array, at: number): Replay | undefined {
    const { latest } = this.#memory;
    const texts = latest.map(({ text }) => text);
    const kept = latest.map(({ data }) => data !== dropped);
    return Replay.of({ answer, texts, kept, request, at });
  }

  /** What ends all series of the target; undefined if it never had any. */
  end(at: number): ScrapeResult | undefined {
    if (!this.#hasReported) return undefined;
    const writer = new ScrapeWriter(this.#bytes);
    this.#unpack();
    this.#round++;
    this.#markEnded(writer, at);
    this.#report.writeStale(writer, at);
    return { ...this.#result(writer, at), metadata: undefined, error: '' };
  }

  #wasSent(metadata: readonly MetricMetadata[], digest: string): boolean {
    if (this.settings.packsSeries) return digest === this.#sentDigest;
    return sameMetadata(metadata, this.#sentMetadata);
  }

  #result(writer: ScrapeWriter, at: number): Pick<ScrapeResult, 'record' | 'decoded'> {
    const { body, batch } = writer.finish();
    return { record: { kind: 'remote-write', format: 'protobuf', receivedAt: at, body }, decoded: { metrics: batch } };
  }

  #append(batch: MetricBatch, writer: ScrapeWriter, at: number, now: number): Appended {
    const { config } = this.settings;
    const { honorTimestamps, trackTimestampsStaleness, limits } = config;
    const memory = this.#memory;
    const exemplars = exemplarsBySeries(batch);
    const tracked: StoredSeries[] = [];
    const shown: [StoredSeries, string][] = [];
    const round = this.#round;
    let afterRelabelling = 0;
    let seriesAdded = 0;
    let isOver = false;
    let isOverBuckets = false;
    const { histograms = [] } = batch;
    const floats = batch.values.length;
    const scraped = floats + histograms.length;
    for (let n = 0; n < scraped; n++) {
      const native = n < floats ? undefined : histograms[n - floats];
      const i = native ? native.series : (batch.seriesIndex[n] as number);
      const known = memory.current[i] as (typeof memory.current)[number];
      let isNew = false;
      if (known.data === undefined) {
        known.data = this.#fateOf(known.labels);
        isNew = known.data !== dropped && known.data.round !== restoredRound;
        known.labels = known.data === dropped ? noLabels : known.data.labels;
      }
      const series = known.data;
      if (series === dropped) continue;
      const timed = honorTimestamps && (memory.timed[i] as boolean);
      const timestamp = timed ? (native ? native.timestamp : (batch.timestamps[n] as number)) : at;
      afterRelabelling++;
      if (limits.samples > 0 && afterRelabelling > limits.samples) {
        isOver = true;
        continue;
      }
      // The first of several samples at one time counts.
      if (series.round === round && (!timed || series.at === timestamp)) continue;
      if (timed && (timestamp < 0 || timestamp > now + maxAheadMs)) continue;
      const own = exemplars?.get(i);
      const fresh = own && newExemplars(own, series, at, shown);
      if (native) {
        const histogram = withinLimits(native.histogram, config);
        if (!histogram) {
          isOverBuckets = true;
          continue;
        }
        writer.addHistogram(series, timestamp, histogram, fresh);
      } else writer.add(series, timestamp, batch.values[n] as number, fresh);
      if (series.round !== round && (!timed || trackTimestampsStaleness)) tracked.push(series);
      series.round = round;
      series.at = timestamp;
      if (isNew) seriesAdded++;
    }
    const error = isOver ? 'sample limit exceeded' : isOverBuckets ? 'histogram bucket limit exceeded' : '';
    return { scraped, afterRelabelling, seriesAdded, tracked, shown, error };
  }

  #fateOf(scraped: Labels): Fate {
    const labels = labelsToStore(scraped, this.#labelling);
    if (!labels) return dropped;
    const series = new StoredSeries(labels);
    const known = this.#stored.get(series.bytes);
    if (known) return known;
    this.#stored.set(series.bytes, series);
    return series;
  }

  #markEnded(writer: ScrapeWriter, at: number): void {
    for (const series of this.#previous) if (series.round !== this.#round) writer.addStale(series, at);
  }

  /** Nothing stays but what is needed to go on, as compressed bytes. */
  #pack(replay: Replay | undefined): void {
    this.#replay = replay;
    if (replay) {
      this.#packed = undefined;
      this.#textsHold = true;
      this.#forgetAll();
      return;
    }
    const latest = this.#sampled();
    const tracked = new Set<Fate>(this.#previous);
    const isSame =
      this.#textsHold &&
      tracked.size === this.#trackedBefore &&
      latest.length === this.#restored.length &&
      latest.every((known, i) => known === this.#restored[i]);
    if (!this.#packed || !isSame || this.#previous.some(({ isChanged }) => isChanged))
      this.#packed = packSeries(this.#resting(tracked));
    this.#textsHold = true;
    this.#forgetAll();
  }

  /** Those of the last answer but the classic series that became histograms, whose labels are needed each time. */
  #sampled(): KnownSeries<Fate>[] {
    return this.#memory.latest.filter(({ data }) => data !== undefined);
  }

  #resting(tracked: ReadonlySet<Fate>): RestingSeries[] {
    const left = new Set(this.#previous);
    const resting = this.#sampled().map(({ text, data }): RestingSeries => {
      if (data === undefined || data === dropped) return { text, bytes: '', shown: '', isTracked: false };
      left.delete(data);
      return { text, bytes: data.bytes, shown: data.shown, isTracked: tracked.has(data) };
    });
    // Of an answer in another format, or by other settings.
    for (const { bytes, shown } of left) resting.push({ text: '', bytes, shown, isTracked: true });
    return resting;
  }

  #unpack(): void {
    const resting = this.#replay?.series() ?? (this.#packed && unpackSeries(this.#packed));
    if (!resting) return;
    this.#forgetAll();
    const previous = new Set<StoredSeries>();
    const restored: KnownSeries<Fate>[] = [];
    for (const { text, bytes, shown, isTracked } of resting) {
      const series = bytes === '' ? dropped : this.#restore(bytes, shown);
      if (isTracked && series !== dropped) previous.add(series);
      if (text === '' || !this.#textsHold) continue;
      const known = new KnownSeries<Fate>(text, noLabels);
      known.data = series;
      restored.push(known);
    }
    this.#previous = [...previous];
    this.#trackedBefore = previous.size;
    this.#restored = restored;
    this.#memory = SeriesMemory.of(restored);
  }

  #restore(bytes: string, shown: string): StoredSeries {
    const known = this.#stored.get(bytes);
    if (known) return known;
    const series = new StoredSeries(bytes);
    series.shown = shown;
    series.round = restoredRound;
    this.#stored.set(bytes, series);
    return series;
  }

  #forgetAll(): void {
    this.#previous = [];
    this.#restored = [];
    this.#stored.clear();
    this.#memory = new SeriesMemory();
  }

  /** Series that no text stands for any more, once there are many of them. */
  #forgetOld(): void {
    if (this.#stored.size <= 2 * this.#previous.length + 1000) return;
    const kept = new Set(this.#previous);
    for (const [bytes, series] of this.#stored) if (!kept.has(series)) this.#stored.delete(bytes);
  }
}

/** With the resolution that the job allows; undefined for one that has too many buckets even so. */
function withinLimits(histogram: NativeHistogram, { histogramLimits }: ScrapeConfig): NativeHistogram | undefined {
  const { maxBuckets, finestSchema } = histogramLimits;
  const coarse = histogram.schema > finestSchema ? reduced(histogram, finestSchema) : histogram;
  return maxBuckets > 0 ? withAtMostBuckets(coarse, maxBuckets) : coarse;
}

const labellingOf = (target: ScrapeTarget, { config, metricRelabelling }: ScrapeSettings): SampleLabelling => ({
  targetLabels: target.labels,
  honorLabels: config.honorLabels,
  relabelling: metricRelabelling,
  limits: config.limits,
  nameValidation: config.nameValidation,
});

const reportOf = (target: ScrapeTarget, { config }: ScrapeSettings): ReportSeries =>
  new ReportSeries(target, config.extraMetrics, config.limits.samples);

/** Whether each sample is of a series of its own, of no histogram that is converted, and has neither a time nor an exemplar. */
function isReplayable(
  batch: MetricBatch,
  { tracked, afterRelabelling }: Appended,
  memory: SeriesMemory<Fate>,
): boolean {
  const isPlain = batch.exemplars.length === 0 && memory.latest.length === batch.values.length;
  const isConverted = memory.latest.some(({ classic }) => classic !== undefined);
  return isPlain && !isConverted && tracked.length === afterRelabelling && !memory.timed.includes(true);
}

const reasonText = (cause: unknown): string => (cause instanceof Error ? reasonOf(cause) : String(cause));

/** Those that were not shown before. What is now shown without a time of its own goes to `shown`. */
function newExemplars(
  exemplars: readonly Exemplar[],
  series: StoredSeries,
  at: number,
  shown: [StoredSeries, string][],
): Exemplar[] {
  return exemplars.filter(({ labels, value, timestamp }) => {
    if (timestamp !== at) return true;
    const text = JSON.stringify([...labels, value]);
    shown.push([series, text]);
    return series.shown !== text;
  });
}

function exemplarsBySeries({ exemplars }: MetricBatch): Map<number, Exemplar[]> | undefined {
  if (exemplars.length === 0) return undefined;
  const found = new Map<number, Exemplar[]>();
  for (const { series, ...exemplar } of exemplars) {
    const list = found.get(series);
    if (list) list.push(exemplar);
    else found.set(series, [exemplar]);
  }
  return found;
}

const digestOf = (metadata: readonly MetricMetadata[]): string =>
  createHash('sha256')
    .update(JSON.stringify(metadata.map(({ name, type, help, unit }) => [name, type, help, unit])))
    .digest('base64');

const sameMetadata = (a: readonly MetricMetadata[], b: readonly MetricMetadata[]): boolean =>
  a.length === b.length &&
  a.every((one, i) => {
    const other = b[i] as MetricMetadata;
    return one.name === other.name && one.type === other.type && one.help === other.help && one.unit === other.unit;
  });
