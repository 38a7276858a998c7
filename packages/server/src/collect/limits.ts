import { type Labels, type MetricBatch, WireError } from '@nightshift/wire';
import type { Decoded } from './record.ts';

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

function checkLabels(labels: Labels, limits: IngestLimits): void {
  if (labels.size > limits.labelsPerSeries) {
    throw new WireError(`${show(labels)} has ${labels.size} labels; at most ${limits.labelsPerSeries} are allowed`);
  }
  for (const [name, value] of labels) {
    if (name.length > limits.labelNameLength) {
      throw new WireError(
        `${show(labels)}: a label name of ${name.length} characters; at most ${limits.labelNameLength}`,
      );
    }
    if (value.length > limits.labelValueLength) {
      throw new WireError(
        `${show(labels)}: the value of ${name.slice(0, 80)} has ${value.length} characters; at most ${limits.labelValueLength}`,
      );
    }
  }
}

function checkTimes(batch: MetricBatch, now: number, limits: IngestLimits): void {
  const latest = now + limits.maxFutureMs;
  const { timestamps } = batch;
  for (let i = 0; i < timestamps.length; i++) {
    const time = timestamps[i]!;
    if (time >= 0 && time <= latest) continue;
    const series = batch.series[batch.seriesIndex[i] ?? 0];
    const name = series ? show(series) : 'a series';
    const bound = time < 0 ? 'before 1970' : 'more than a day ahead of the clock here';
    throw new WireError(`${name}: a sample at timestamp ${time} ms is ${bound}`);
  }
}

const maxNano = 9_223_372_036_854_775_807n;

function checkNano(what: string, time: bigint): void {
  if (time >= 0n && time <= maxNano) return;
  throw new WireError(`${what}: the time ${time} ns does not fit into signed 64 bits`);
}

/** Throws a WireError that names the first series, label, or time beyond a limit. */
export function checkLimits(decoded: Decoded, now: number, limits: IngestLimits = defaultLimits): void {
  if (decoded.metrics) {
    const { series, known } = decoded.metrics;
    // A series that is known has passed before.
    for (let i = 0; i < series.length; i++) if (!known || known.refs[i]! < 0) checkLabels(series[i]!, limits);
    checkTimes(decoded.metrics, now, limits);
  }
  for (const log of decoded.logs ?? []) checkNano('log record', log.timeUnixNano);
  for (const span of decoded.spans ?? []) {
    checkNano(`span ${span.spanId}`, span.startUnixNano);
    checkNano(`span ${span.spanId}`, span.endUnixNano);
  }
}
