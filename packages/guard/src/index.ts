export { DEFAULT_WARM_UP_MS, defaultGuardConfig } from './config.ts';
export { createEvidence, type Evidence } from './evidence.ts';
export { createGuard, type Guard, type GuardSnapshot, restoreGuard } from './guard.ts';
export {
  CRASH_LOOP_EXITS,
  CRASH_LOOP_WINDOW_MS,
  crashLoopVerdict,
  decide,
  replayVerdict,
  type VerdictInputs,
} from './judge.ts';
export { upperBound } from './upper-bound.ts';
export type { Baseline, GuardConfig, Observation, Verdict } from './verdict.ts';
