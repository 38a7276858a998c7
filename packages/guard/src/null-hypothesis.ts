import { upperBound } from './upper-bound.ts';
import type { Baseline, GuardConfig } from './verdict.ts';

/**
 * The false-alarm rate is spent in four equal parts, one for each way in which a release that is no worse than its
 * baseline can be called bad: the bound on the baseline's error ratio is too low, the bound on its slow ratio is too low,
 * and either of the two e-processes crosses its threshold. By the union bound the sum holds without any independence.
 */
export const ALPHA_PARTS = 4;

/** By definition of the p99 one request in a hundred is beyond it, so this share of slow ones is never held against a release. */
const TOLERATED_SLOW_RATIO = 0.01;

/** What a release is tested against: "its failures are no likelier than this, and its slow answers no likelier than that". */
export interface NullHypothesis {
  readonly errorRatio: number;
  readonly slowRatio: number;
  /** Milliseconds; 0 where latency cannot be judged. */
  readonly slowThresholdMs: number;
  /** ln of the e-value at which a test is decided. */
  readonly logThreshold: number;
}

export function nullHypothesis(config: GuardConfig, baseline: Baseline): NullHypothesis {
  const alpha = config.falseAlarmRate / ALPHA_PARTS;
  const p99 = upperEdgeOfP99(baseline);
  return {
    errorRatio: Math.max(config.toleratedErrorRatio, upperBound(baseline.failures, baseline.requests, alpha), 1e-9),
    slowRatio: p99 === null ? 1 : slowRatio(config, baseline, p99, alpha),
    slowThresholdMs: p99 === null ? 0 : config.slowFactor * p99 + config.slowSlackMs,
    logThreshold: Math.log(1 / alpha),
  };
}

/** Upper bound, in ms, of the bucket that holds the baseline's 99th percentile; null where there is none to name. */
function upperEdgeOfP99(baseline: Baseline): number | null {
  const total = timedRequests(baseline);
  if (total === 0) return null;
  let below = 0;
  for (const [i, bound] of baseline.latencyBounds.entries()) {
    below += baseline.latencyCounts[i] ?? 0;
    if (below >= 0.99 * total) return bound;
  }
  return null;
}

/**
 * Upper bound of the baseline's share of requests beyond slowFactor·p99. The slack is left out on purpose: a release whose
 * answers all take up to `slowSlackMs` longer is still within the null hypothesis. A bucket that the limit cuts counts
 * as beyond it. The limit was chosen by the same data, but only among as many values as there are buckets, so the bound is
 * taken at alpha divided by their number (Bonferroni).
 */
function slowRatio(config: GuardConfig, baseline: Baseline, p99: number, alpha: number): number {
  const limit = Math.max(1, config.slowFactor) * p99;
  let beyond = baseline.latencyCounts[baseline.latencyBounds.length] ?? 0;
  for (const [i, bound] of baseline.latencyBounds.entries()) {
    if (bound > limit) beyond += baseline.latencyCounts[i] ?? 0;
  }
  const bound = upperBound(beyond, timedRequests(baseline), alpha / baseline.latencyBounds.length);
  return Math.max(TOLERATED_SLOW_RATIO, bound);
}

function timedRequests(baseline: Baseline): number {
  return baseline.latencyCounts.reduce((sum, count) => sum + count, 0);
}
