import { CUSTOM_SCHEMA, type FloatHistogram, type ResetHint } from './histogram.ts';

/** Exponential and custom buckets have no bounds in common. The message is Prometheus'. */
export class IncompatibleSchemasError extends Error {
  override readonly name = 'IncompatibleSchemasError';

  constructor() {
    super('cannot apply this operation on histograms with a mix of exponential and custom bucket schemas');
  }
}

/** @throws IncompatibleSchemasError */
export function checkCompatible(a: FloatHistogram, b: FloatHistogram): void {
  if ((a.schema === CUSTOM_SCHEMA) !== (b.schema === CUSTOM_SCHEMA)) throw new IncompatibleSchemasError();
}

/** What is known of a sum or difference: a gauge wins, and two that do not agree leave it unknown. */
export function combinedHint(a: ResetHint, b: ResetHint): ResetHint {
  if (a === b) return a;
  return a === 'gauge' || b === 'gauge' ? 'gauge' : 'unknown';
}

/** One says that the counter was reset, the other that it was not. */
export function hintsCollide(a: ResetHint, b: ResetHint): boolean {
  return (a === 'reset' && b === 'not_reset') || (a === 'not_reset' && b === 'reset');
}
