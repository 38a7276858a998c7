import type { SeriesSource } from '@nightshift/promql';
import {
  type DeltaStates,
  encodeSnappy,
  encodeWriteRequest,
  isStaleMarker,
  type MetricBatch,
  type OtlpConversion,
  type OtlpSettings,
  type PartialSuccess,
  readOtlpMetrics,
  WireError,
  type WriteSample,
} from '@nightshift/wire';
import { NightshiftError } from '../../errors/catalogue.ts';
import { type CollectDeps, collectReported } from '../collect.ts';
import { samplesOf } from '../cut-batch.ts';
import type { JournalRecord, WriteReport } from '../record.ts';
import type { Sender } from '../sender.ts';
import { type DeltaLease, DeltaStreams } from './delta-streams.ts';
import { pointLimits } from './point-limits.ts';
import { restoreStreams } from './restore.ts';

export interface OtlpMetricsOptions extends CollectDeps {
  readonly settings: OtlpSettings;
  /** What is stored: the states of delta streams are restored from it. */
  readonly source: SeriesSource;
  readonly maxDeltaStreams: number;
  readonly maxDeltaAgeMs: number;
}

/**
 * Takes OTLP metrics. What is stored is not the body but what it was converted to, as a remote write: so a restart with
 * other settings, or with deltas counted in between, reads the very samples that were acknowledged.
 */
export class OtlpMetrics {
  /** Data points since the start. */
  readonly counts = { taken: 0, refused: 0 };
  private readonly streams: DeltaStreams;

  constructor(private readonly options: OtlpMetricsOptions) {
    const { source, now, maxDeltaStreams: maxStreams, maxDeltaAgeMs: maxAgeMs } = options;
    const restore: ConstructorParameters<typeof DeltaStreams>[0]['restore'] = (points, from) =>
      restoreStreams(source, points, from, now());
    this.streams = new DeltaStreams({ maxStreams, maxAgeMs, now, restore });
  }

  /** Delta streams whose state is in memory. */
  get deltaStreams(): number {
    return this.streams.size;
  }

  /**
   * Resolves when what can be taken is durable. Throws BODY_INVALID where nothing of the body can be decoded or taken, and
   * whatever the sink or the store say (OVERLOADED, SPOOL_UNAVAILABLE, ENGINE_DOWN): then nothing of it is stored.
   */
  async take(record: JournalRecord, sender?: Sender): Promise<PartialSuccess> {
    const conversion = this.read(record);
    if (conversion.deltas.length === 0) return this.store(record, conversion, new Map(), sender);
    const lease: DeltaLease = await this.streams.lease(conversion.deltas);
    try {
      const refused = await this.store(record, conversion, lease, sender);
      lease.keep();
      return refused;
    } finally {
      lease.drop();
    }
  }

  private read({ body, format, receivedAt }: JournalRecord): OtlpConversion {
    const { settings, now } = this.options;
    try {
      const check = pointLimits(now());
      return readOtlpMetrics(body, { format: format === 'json' ? 'json' : 'protobuf', receivedAt, settings, check });
    } catch (error) {
      if (error instanceof WireError) throw new NightshiftError('BODY_INVALID', { reason: error.message });
      throw error;
    }
  }

  private async store(
    record: JournalRecord,
    conversion: OtlpConversion,
    states: DeltaStates,
    sender: Sender | undefined,
  ): Promise<PartialSuccess> {
    const { rejections } = conversion;
    const unusable = rejections.points;
    const metrics = conversion.finish(states);
    const samples = samplesOf(metrics);
    if (samples === 0 && unusable > 0) {
      throw new NightshiftError('BODY_INVALID', { reason: rejections.message() });
    }
    const report = samples > 0 ? await this.collect(record, metrics, sender) : undefined;
    if (report?.refusal) {
      // A point is one sample or several; which of them a refused one had is not known any more.
      const taken = conversion.points - rejections.points;
      const refusedSamples = (report.refused ?? []).reduce((sum, { samples }) => sum + samples, 0);
      rejections.add(report.refusal, Math.min(taken, Math.max(1, refusedSamples)));
    }
    this.counts.taken += conversion.points - rejections.points;
    this.counts.refused += rejections.points;
    return { rejected: rejections.points, message: rejections.message() };
  }

  private collect(
    { receivedAt }: JournalRecord,
    metrics: MetricBatch,
    sender: Sender | undefined,
  ): Promise<WriteReport | undefined> {
    const body = encodeSnappy(writeRequestOf(metrics));
    const record = { kind: 'remote-write', format: 'snappy-protobuf', receivedAt, body } as const;
    return collectReported(sender ? { ...this.options, sender } : this.options, record, { metrics });
  }
}

/** The batch as a remote write: one entry for each of its series, samples in the order of the batch. */
function writeRequestOf(batch: MetricBatch): Uint8Array {
  const { series, seriesIndex, timestamps, values, histograms = [], exemplars, metadata } = batch;
  const entries = series.map((labels) => ({
    labels,
    samples: [] as WriteSample[],
    histograms: [] as (typeof histograms)[number][],
    exemplars: [] as (typeof exemplars)[number][],
  }));
  seriesIndex.forEach((at, i) => {
    entries[at]!.samples.push({ timestamp: timestamps[i]!, value: values[i]!, stale: isStaleMarker(values, i) });
  });
  for (const one of histograms) entries[one.series]!.histograms.push(one);
  for (const exemplar of exemplars) entries[exemplar.series]!.exemplars.push(exemplar);
  return encodeWriteRequest(entries, metadata);
}
