import { type Labels, type MetricBatch, WireError } from '@nightshift/wire';
import type { Decoded } from './record.ts';
import { LimitError } from './refusal.ts';

/** Bounds that keep one sender from hurting the others. Sizes are UTF-16 units, times Unix milliseconds. */
export interface IngestLimits {
  readonly labelsPerSeries: number;
  readonly labelNameLength: number;
  readonly labelValueLength: number;
  readonly maxFutureMs: number;
}

export const defaultLimits: IngestLimits = {
  labelsPerSeries: 128,
  labelNameLength: 1024,
  labelValueLength: 64 * 1024,
  // A sample far in the future would pin its partition and hide behind every "latest" query.
  maxFutureMs: 24 * 3600 * 1000,
};

const show = (labels: Labels): string => labels.get('__name__')?.slice(0, 80) ?? 'a series';

const tooLarge = (message: string): LimitError => new LimitError('label_limit', message);

function checkLabels(labels: Labels, limits: IngestLimits): void {
  if (labels.size > limits.labelsPerSeries) {
    throw tooLarge(`${show(labels)} has ${labels.size} labels; at most ${limits.labelsPerSeries} are allowed`);
  }
  for (const [name, value] of labels) {
    if (name.length > limits.labelNameLength) {
      throw tooLarge(`${show(labels)}: a label name of ${name.length} characters; at most ${limits.labelNameLength}`);
    }
    if (value.length > limits.labelValueLength) {
      throw tooLarge(
        `${show(labels)}: the value of ${name.slice(0, 80)} has ${value.length} characters; at most ${limits.labelValueLength}`,
      );
    }
  }
}

/** A series that is known has passed before. */
function checkSeries(batch: MetricBatch, limits: IngestLimits): void {
  const refs = batch.known?.refs;
  const count = refs?.length ?? batch.series.length;
  for (let i = 0; i < count; i++) if (!refs || refs[i]! < 0) checkLabels(batch.series[i]!, limits);
}

/** Whether some samples are before `horizon`. */
function checkTimes(batch: MetricBatch, now: number, limits: IngestLimits, horizon: number): boolean {
  const latest = now + limits.maxFutureMs;
  const { timestamps, histograms = [] } = batch;
  let hasOld = false;
  for (let i = 0; i < timestamps.length; i++) {
    const time = timestamps[i]!;
    if (time >= horizon && time <= latest) continue;
    checkTime(batch.series[batch.seriesIndex[i]!], time, latest);
    hasOld = true;
  }
  for (const { series, timestamp } of histograms) {
    if (timestamp >= horizon && timestamp <= latest) continue;
    checkTime(batch.series[series], timestamp, latest);
    hasOld = true;
  }
  return hasOld;
}

function checkTime(series: Labels | undefined, time: number, latest: number): void {
  if (time >= 0 && time <= latest) return;
  const bound = time < 0 ? 'before 1970' : 'more than a day ahead of the clock here';
  const message = `${series ? show(series) : 'a series'}: a sample at timestamp ${time} ms is ${bound}`;
  throw new LimitError(time < 0 ? 'too_old' : 'too_far_ahead', message);
}

const maxNano = 9_223_372_036_854_775_807n;

function checkNano(what: string, time: bigint): void {
  if (time >= 0n && time <= maxNano) return;
  throw new WireError(`${what}: the time ${time} ns does not fit into signed 64 bits`);
}

/**
 * Says whether some samples are before `horizon` (Unix milliseconds). Throws a WireError that names the first series, label,
 * or time beyond a limit; of metrics a LimitError.
 */
export function checkLimits(decoded: Decoded, now: number, horizon = 0, limits: IngestLimits = defaultLimits): boolean {
  let hasOld = false;
  if (decoded.metrics) {
    checkSeries(decoded.metrics, limits);
    hasOld = checkTimes(decoded.metrics, now, limits, horizon);
  }
  for (const log of decoded.logs ?? []) checkNano('log record', log.timeUnixNano);
  for (const span of decoded.spans ?? []) {
    checkNano(`span ${span.spanId}`, span.startUnixNano);
    checkNano(`span ${span.spanId}`, span.endUnixNano);
  }
  return hasOld;
}
