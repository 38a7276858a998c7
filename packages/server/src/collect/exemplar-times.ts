import type { MetricBatch } from '@nightshift/wire';
import { defaultLimits } from './limits.ts';

/**
 * Leaves out the exemplars that a sample of their time would be refused for. An exemplar never fails its body: it is an
 * extra. What is left depends on the record alone, so that a replay keeps the same.
 */
export function withUsableExemplars(batch: MetricBatch, receivedAt: number): MetricBatch {
  const latest = receivedAt + defaultLimits.maxFutureMs;
  const exemplars = batch.exemplars.filter(({ timestamp }) => timestamp >= 0 && timestamp <= latest);
  const dropped = batch.exemplars.length - exemplars.length;
  return dropped === 0 ? batch : { ...batch, exemplars, exemplarsDropped: batch.exemplarsDropped + dropped };
}
