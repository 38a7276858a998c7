import { type MetricBatch, TooLargeError, WireError, type WrittenCounts } from '@nightshift/wire';
import { NightshiftError } from '../errors/catalogue.ts';
import { type Cuts, cutBatch, placesLeft, samplesOf, withoutSeries } from './cut-batch.ts';
import { decodeRecord } from './decode.ts';
import { withUsableExemplars } from './exemplar-times.ts';
import { checkLimits } from './limits.ts';
import type { Decoded, JournalRecord, RecordSink, RefusedBySink, WriteReport } from './record.ts';
import { LimitError, type Refusal, seriesText } from './refusal.ts';
import { anyAge, cutOld, type SampleAge } from './sample-age.ts';
import { Sender } from './sender.ts';

export interface CollectDeps {
  readonly sink: RecordSink;
  readonly now: () => number;
  readonly maxDecompressedBytes: number;
  /** Which samples are too old; none unless told. */
  readonly age?: SampleAge;
  /** Who is counted; nobody unless told. */
  readonly sender?: Sender;
}

/** A record that was decoded, and of which something may be refused. */
interface Checked {
  readonly record: JournalRecord;
  readonly decoded: Decoded;
  readonly hasOld: boolean;
  /** What the record decodes to, by the record alone. */
  readonly exact: () => MetricBatch;
}

function check(deps: CollectDeps, record: JournalRecord, known: Decoded | undefined, sender: Sender): Checked {
  const { sink, now, age = anyAge, maxDecompressedBytes } = deps;
  let decoded: Decoded | undefined;
  try {
    decoded = known?.metrics
      ? { metrics: withUsableExemplars(known.metrics, record.receivedAt) }
      : (known ?? decodeRecord(record, maxDecompressedBytes, sink.memory));
    const { metrics } = decoded;
    if (metrics) sender.charge(samplesOf(metrics), now());
    const hasOld = checkLimits(decoded, now(), age.horizon(record.receivedAt));
    if (metrics) sink.memory?.remember(metrics);
    const exact = () => (known ? decodeRecord(record).metrics : metrics)!;
    return { record, decoded, hasOld, exact };
  } catch (error) {
    if (error instanceof TooLargeError) {
      throw new NightshiftError('BODY_TOO_LARGE', { limit: maxDecompressedBytes, which: 'decompressed' });
    }
    if (error instanceof LimitError && decoded?.metrics) {
      sender.refuse([{ reason: error.reason, samples: samplesOf(decoded.metrics) }]);
    }
    if (error instanceof WireError) throw new NightshiftError('BODY_INVALID', { reason: error.message });
    throw error;
  }
}

interface CutOff {
  readonly cuts: Cuts;
  readonly refusals: readonly Refusal[];
}

/** What is refused of a record because of its age, and of what is left because its series are too many for the sender. */
function cutsOf(
  { sink, age = anyAge }: CollectDeps,
  { record, decoded: { metrics }, hasOld, exact }: Checked,
  sender: Sender,
): { readonly cut: CutOff | null; readonly newSeries: number } {
  const old = hasOld ? cutOld(exact(), age, record.receivedAt) : null;
  const room = sender.seriesRoom;
  if (!metrics || room === Number.POSITIVE_INFINITY || !sink.unknownSeries) return { cut: old, newSeries: 0 };
  const batch = old ? exact() : metrics;
  const left = old && placesLeft(batch, old.cuts);
  const unknown = sink.unknownSeries(batch).filter((place) => !left || left.has(place));
  if (unknown.length <= room) return { cut: old, newSeries: unknown.length };
  const gone = unknown.slice(room);
  const whole = exact();
  const cuts = new Map([...(old?.cuts ?? []), ...withoutSeries(gone)]);
  const before = samplesOf(old ? cutBatch(whole, old.cuts) : whole);
  const samples = before - samplesOf(cutBatch(whole, cuts));
  const message = `${gone.length} new series were refused, the first ${seriesText(whole.series[gone[0]!]!)}: ${sender.name} has made ${sender.limits.maxSeries} known since the start, its limit (maxSeries in ingest.limits or ingest.tokens). Known series go on`;
  const refusal: Refusal = { reason: 'series_limit', samples, message };
  return { cut: { cuts, refusals: [...(old?.refusals ?? []), refusal] }, newSeries: room };
}

async function admit(sink: RecordSink, record: JournalRecord, decoded: Decoded): Promise<RefusedBySink | undefined> {
  if (sink.admitReported) return sink.admitReported(record, decoded);
  await sink.admit(record, decoded);
  return undefined;
}

function limitReached({ series, samples, metric, most }: RefusedBySink): Refusal {
  const message = `${series} new series were refused, the first of ${JSON.stringify(metric)}: there are ${most} already, the limit (head.maxSeries). Known series go on. Send fewer, or raise it`;
  return { reason: 'head_series_limit', samples, message };
}

function reportOf(
  report: WriteReport | undefined,
  refused: readonly Refusal[],
  written: WrittenCounts | undefined,
  isEmpty: boolean,
): WriteReport | undefined {
  if (refused.length === 0) return report;
  const reasons = [...refused.map(({ message }) => message), ...(report?.refusal ? [report.refusal] : [])];
  if (!isEmpty) reasons.push('the rest was taken');
  return { refusal: reasons.join('; '), refused, ...(written && { written }) };
}

const countsOf = ({ timestamps, histograms, exemplars }: MetricBatch): WrittenCounts => ({
  samples: timestamps.length,
  histograms: histograms?.length ?? 0,
  exemplars: exemplars.length,
});

/** Of what was decoded, without what was refused afterwards. */
function writtenOf(
  { samples, histograms, exemplars }: WrittenCounts,
  before: MetricBatch,
  after: MetricBatch,
  refusedBySink = 0,
): WrittenCounts {
  const gone = before.timestamps.length - after.timestamps.length + refusedBySink;
  const goneHistograms = (before.histograms?.length ?? 0) - (after.histograms?.length ?? 0);
  return {
    samples: Math.max(0, samples - gone),
    histograms: Math.max(0, histograms - goneHistograms),
    exemplars: Math.max(0, exemplars - (before.exemplars.length - after.exemplars.length)),
  };
}

/**
 * Takes one body: decodes and checks all of it, then hands it on. Resolves when it is durable. Throws BODY_INVALID or
 * BODY_TOO_LARGE with nothing stored, and whatever the sink says (OVERLOADED, SPOOL_UNAVAILABLE). Who wrote the body
 * itself may give what it decodes to. Of metrics a part may be refused and the rest taken: the report says so.
 */
export async function collectReported(
  deps: CollectDeps,
  record: JournalRecord,
  known?: Decoded,
): Promise<WriteReport | undefined> {
  const sender = deps.sender ?? new Sender('self', '');
  const checked = check(deps, record, known, sender);
  const { decoded } = checked;
  const { report, metrics } = decoded;
  const { cut, newSeries } = cutsOf(deps, checked, sender);
  const rest = cut && cutBatch(checked.exact(), cut.cuts);
  const taken: Decoded = rest ? { ...decoded, metrics: rest } : decoded;
  const refusals = [...(cut?.refusals ?? [])];
  sender.refuse(refusals);
  const left = taken.metrics;
  // Of a request that was refused entirely there is nothing to keep.
  const isRefused = cut !== null || (report !== undefined && report.refusal !== '');
  const isEmpty = isRefused && left?.series.length === 0 && (cut === null || left.metadata.length === 0);
  const giveBack = sender.reserveSeries(newSeries);
  const kept = cut ? { ...record, cuts: cut.cuts } : record;
  const bySink = isEmpty ? undefined : await admit(deps.sink, kept, taken).catch(giveBack);
  if (bySink) {
    refusals.push(limitReached(bySink));
    sender.refuse(refusals.slice(-1));
  }
  if (left) sender.counts.samples += samplesOf(left) - (bySink?.samples ?? 0);
  sender.counts.logRecords += taken.logs?.length ?? 0;
  sender.counts.spans += taken.spans?.length ?? 0;
  const written = metrics && left && writtenOf(report?.written ?? countsOf(metrics), metrics, left, bySink?.samples);
  if (metrics && !known) deps.sink.memory?.release(metrics);
  return reportOf(report, refusals, written, isEmpty);
}

/** As `collectReported`, for whoever has nobody to tell of a part that was refused. */
export async function collect(deps: CollectDeps, record: JournalRecord, known?: Decoded): Promise<void> {
  await collectReported(deps, record, known);
}
