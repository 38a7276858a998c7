import { EMPTY_HISTOGRAM, type FloatHistogram, type ResetHint } from '../histogram/histogram.ts';
import { isReset } from '../histogram/resets.ts';
import { childrenOf, type Expr, type VectorSelector } from '../parser/ast.ts';
import type { SeriesData } from '../source.ts';

/**
 * Selectors of whose histograms only count and sum are wanted. Prometheus leaves out the buckets then, having found counter
 * resets with them, which can be seen in its warnings (promql/engine.go, detectHistogramStatsDecoding).
 */
export function countsOnlySelectors(expr: Expr): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  collect(expr, false, found);
  return found;
}

const WANT_COUNTS: ReadonlySet<string> = new Set(['histogram_count', 'histogram_sum', 'histogram_avg']);
const WANT_BUCKETS: ReadonlySet<string> = new Set(['histogram_quantile', 'histogram_quantiles', 'histogram_fraction']);

/** Whatever needs the buckets needs them of all that is within it. */
function collect(expr: Expr, wantsCounts: boolean, into: Set<VectorSelector>): void {
  if (expr.kind === 'VectorSelector') {
    if (wantsCounts) into.add(expr);
    return;
  }
  if (expr.kind === 'Subquery' || (expr.kind === 'Call' && WANT_BUCKETS.has(expr.func))) return;
  if (expr.kind === 'BinaryExpr' && (expr.op === '</' || expr.op === '>/')) return;
  const within = wantsCounts || (expr.kind === 'Call' && WANT_COUNTS.has(expr.func));
  for (const child of childrenOf(expr)) collect(child, within, into);
}

/** The series with histograms that have no buckets, but know whether a reset is between them and the one before. */
export function withoutBuckets(series: SeriesData): SeriesData {
  if (!series.histograms) return series;
  let previous: FloatHistogram | undefined;
  const histograms = series.histograms.map((histogram) => {
    if (!histogram) return undefined;
    const { schema, count, sum } = histogram;
    const resetHint = hintOf(histogram, previous);
    previous = histogram;
    return { ...EMPTY_HISTOGRAM, schema, count, sum, resetHint };
  });
  return { ...series, histograms };
}

function hintOf(histogram: FloatHistogram, previous: FloatHistogram | undefined): ResetHint {
  if (histogram.resetHint !== 'unknown' || !previous) return histogram.resetHint;
  return isReset(histogram, previous) ? 'reset' : 'not_reset';
}
