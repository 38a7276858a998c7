import type { GuardConfig } from './verdict.ts';

/** The warm-up of a configuration that does not name one, milliseconds. */
export const DEFAULT_WARM_UP_MS = 5_000;

export const defaultGuardConfig: GuardConfig = {
  // One false rollback in a million releases: a team that ships ten times a day would wait three centuries for it.
  falseAlarmRate: 1e-6,
  // Half a percent is what a flaky dependency costs a healthy service; a release is never taken back for less.
  toleratedErrorRatio: 0.005,
  slowFactor: 2,
  slowSlackMs: 50,
  promoteAfterRequests: 500,
  promoteAfterMs: 600_000,
  warmUpMs: DEFAULT_WARM_UP_MS,
};
