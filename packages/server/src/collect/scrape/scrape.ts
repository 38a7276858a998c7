import { createHash } from 'node:crypto';
import {
  EncodedLabels,
  type Exemplar,
  type Labels,
  type MetricBatch,
  type MetricMetadata,
  ScrapeWriter,
  SeriesMemory,
} from '@nightshift/wire';
import type { Decoded, JournalRecord } from '../record.ts';
import type { Relabelling } from '../relabel/relabel.ts';
import type { ScrapeConfig } from './config/types.ts';
import { BodySizeError, fetchExposition, mostBytes } from './fetch.ts';
import type { HttpClient } from './http/client.ts';
import { labelsOf, packSeries, unpackSeries } from './packed-series.ts';
import { parseAnswer } from './parse.ts';
import { acceptHeader } from './protocol.ts';
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

const noLabels: Labels = new Map();

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
  #packed: Uint8Array | undefined;
  /** Series of the last scrape that were packed, with their exemplars. */
  #resting: ReadonlyMap<string, string> = new Map();
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
    const { config, client } = this.settings;
    const started = now();
    let bodyBytes = 0;
    let batch: MetricBatch | undefined;
    let error = refusal;
    let metadata: readonly MetricMetadata[] | undefined;
    let writer = new ScrapeWriter(this.#bytes);
    let appended = nothing;
    this.#round++;
    this.#unpack();
    this.#memory.begin();
    try {
      if (refusal === '') {
        const answer = await fetchExposition(client, {
          url: this.target.url,
          accept: this.#accept,
          timeoutMs: this.target.timeoutMs,
          compression: config.enableCompression,
          maxBytes: config.limits.bodyBytes > 0 ? config.limits.bodyBytes - 1 : mostBytes,
        });
        bodyBytes = answer.body.length;
        batch = parseAnswer(answer, at, this.#memory, this.target, config);
        appended = this.#append(batch, writer, at, now());
        error = appended.error;
      }
    } catch (cause) {
      if (cause instanceof BodySizeError) bodyBytes = -1;
      error = cause instanceof Error ? reasonOf(cause) : String(cause);
    }
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
    const stored = () => {
      this.#hasReported = true;
      if (newMetadata && !this.settings.packsSeries) this.#sentMetadata = newMetadata;
      if (newMetadata) this.#sentDigest = digest;
      this.#previous = appended.tracked;
      for (const [series, text] of appended.shown) series.shown = text;
      if (this.settings.packsSeries) this.#pack();
      else this.#forgetOld();
    };
    // What is the same as before is given back as it was, so that it is in memory once.
    const kept = newMetadata ?? (metadata && this.#sentMetadata);
    const shownMetadata = this.settings.packsSeries ? undefined : kept;
    return { ...this.#result(writer, at), metadata: shownMetadata, error, stored };
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
    const { honorTimestamps, trackTimestampsStaleness, limits } = this.settings.config;
    const memory = this.#memory;
    const exemplars = exemplarsBySeries(batch);
    const tracked: StoredSeries[] = [];
    const shown: [StoredSeries, string][] = [];
    const round = this.#round;
    let afterRelabelling = 0;
    let seriesAdded = 0;
    let isOver = false;
    const scraped = batch.values.length;
    for (let i = 0; i < scraped; i++) {
      const known = memory.current[i] as (typeof memory.current)[number];
      let isNew = false;
      if (known.data === undefined) {
        known.data = this.#fateOf(known.labels);
        isNew = known.data !== dropped && !this.#resting.has(known.data.bytes);
        known.labels = known.data === dropped ? noLabels : known.data.labels;
      }
      const series = known.data;
      if (series === dropped) continue;
      const timed = honorTimestamps && (memory.timed[i] as boolean);
      const timestamp = timed ? (batch.timestamps[i] as number) : at;
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
      writer.add(series, timestamp, batch.values[i] as number, fresh);
      if (series.round !== round && (!timed || trackTimestampsStaleness)) tracked.push(series);
      series.round = round;
      series.at = timestamp;
      if (isNew) seriesAdded++;
    }
    const error = isOver ? 'sample limit exceeded' : '';
    return { scraped, afterRelabelling, seriesAdded, tracked, shown, error };
  }

  #fateOf(scraped: Labels): Fate {
    const labels = labelsToStore(scraped, this.#labelling);
    if (!labels) return dropped;
    const series = new StoredSeries(labels);
    const known = this.#stored.get(series.bytes);
    if (known) return known;
    series.shown = this.#resting.get(series.bytes) ?? '';
    this.#stored.set(series.bytes, series);
    return series;
  }

  #markEnded(writer: ScrapeWriter, at: number): void {
    for (const series of this.#previous) if (series.round !== this.#round) writer.addStale(series, at);
    for (const bytes of this.#resting.keys()) {
      if (this.#stored.get(bytes)?.round !== this.#round) writer.addStale(new EncodedLabels(labelsOf(bytes)), at);
    }
  }

  /** Nothing but the bytes of the series stays. */
  #pack(): void {
    this.#packed = packSeries(this.#previous);
    this.#resting = new Map();
    this.#forgetAll();
  }

  #unpack(): void {
    if (!this.#packed) return;
    this.#forgetAll();
    this.#resting = unpackSeries(this.#packed);
  }

  #forgetAll(): void {
    this.#previous = [];
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

const labellingOf = (target: ScrapeTarget, { config, metricRelabelling }: ScrapeSettings): SampleLabelling => ({
  targetLabels: target.labels,
  honorLabels: config.honorLabels,
  relabelling: metricRelabelling,
  limits: config.limits,
  nameValidation: config.nameValidation,
});

const reportOf = (target: ScrapeTarget, { config }: ScrapeSettings): ReportSeries =>
  new ReportSeries(target, config.extraMetrics, config.limits.samples);

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
