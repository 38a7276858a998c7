import { DEFAULT_WARM_UP_MS } from './config.ts';
import { createEvidence } from './evidence.ts';
import { decide, type Tally, weigh } from './judge.ts';
import { nullHypothesis } from './null-hypothesis.ts';
import type { Baseline, GuardConfig, Observation, Verdict } from './verdict.ts';

/** Everything that a guard knows, as plain data. `restoreGuard` continues from it as if nothing had happened. */
export interface GuardSnapshot {
  readonly config: GuardConfig;
  readonly baseline: Baseline;
  readonly startedAt: number;
  readonly requests: number;
  readonly failures: number;
  readonly timed: number;
  readonly slow: number;
  /** The first bad verdict; it stands. */
  readonly bad: Verdict | null;
}

/** Watches one release. It may be asked after every request: the false-alarm rate holds for all looks together. */
export interface Guard {
  /** Counts one finished request and judges. A bad verdict stands: later successes do not take it back. O(1) in the history. */
  observe(observation: Observation): Verdict;
  /** The verdict as of `at` (Unix ms), without counting anything; the passing of time alone can make a release good. */
  verdict(at: number): Verdict;
  snapshot(): GuardSnapshot;
}

/** @param startedAt Unix ms at which the release began to serve users. */
export function createGuard(config: GuardConfig, baseline: Baseline, startedAt: number): Guard {
  return restoreGuard({ config, baseline, startedAt, requests: 0, failures: 0, timed: 0, slow: 0, bad: null });
}

/** Continues a guard from its snapshot. */
export function restoreGuard(snapshot: GuardSnapshot): Guard {
  const { config, baseline, startedAt } = snapshot;
  const hypothesis = nullHypothesis(config, baseline);
  const errorEvidence = createEvidence(hypothesis.errorRatio);
  const slowEvidence = createEvidence(hypothesis.slowRatio);
  const timedFrom = startedAt + (config.warmUpMs ?? DEFAULT_WARM_UP_MS);
  let { requests, failures, timed, slow, bad } = snapshot;

  function tally(at: number): Tally {
    return {
      requests,
      failures,
      slow,
      slowThresholdMs: hypothesis.slowThresholdMs,
      baselineRequests: baseline.requests,
      baselineFailures: baseline.failures,
      nullErrorRatio: hypothesis.errorRatio,
      nullSlowRatio: hypothesis.slowRatio,
      logThreshold: hypothesis.logThreshold,
      falseAlarmRate: config.falseAlarmRate,
      timed,
      observedMs: Math.max(0, at - startedAt),
      promoteAfterRequests: config.promoteAfterRequests,
      promoteAfterMs: config.promoteAfterMs,
    };
  }

  function verdict(at: number): Verdict {
    if (bad) return bad;
    const verdict = decide(weigh(tally(at), errorEvidence, slowEvidence));
    if (verdict.decision === 'bad') bad = verdict;
    return verdict;
  }

  return {
    observe(observation) {
      requests++;
      if (observation.failed) failures++;
      if (observation.at >= timedFrom) {
        timed++;
        if (hypothesis.slowThresholdMs > 0 && observation.latencyMs > hypothesis.slowThresholdMs) slow++;
      }
      return verdict(observation.at);
    },
    verdict,
    snapshot: () => ({ config, baseline, startedAt, requests, failures, timed, slow, bad }),
  };
}
