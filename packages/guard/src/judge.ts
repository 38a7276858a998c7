import type { Evidence } from './evidence.ts';
import { createEvidence } from './evidence.ts';
import type { Verdict } from './verdict.ts';

export type VerdictInputs = Verdict['inputs'];

/** A version that exits this often within the window is in a crash loop. */
export const CRASH_LOOP_EXITS = 3;
export const CRASH_LOOP_WINDOW_MS = 60_000;

/** Evidence of 20 to 1 is too little to roll back, and too much to promote on. */
const LOG_DOUBT = Math.log(20);
/** With fewer requests than this, a hold says that there is little to go by. */
const FEW_REQUESTS = 20;

/** The counts of a verdict before its evidence is weighed. */
export type Tally = Omit<VerdictInputs, 'logErrorEvidence' | 'logSlowEvidence'>;

/** Adds the evidence to a tally. The two e-processes may be passed to save building their grids on every request. */
export function weigh(
  tally: Tally,
  errors: Evidence = createEvidence(tally.nullErrorRatio),
  slow: Evidence = createEvidence(tally.nullSlowRatio),
): VerdictInputs {
  const comparable = tally.baselineRequests > 0;
  const latencyJudged = comparable && tally.slowThresholdMs > 0;
  return {
    ...tally,
    logErrorEvidence: comparable ? errors.log(tally.requests, tally.failures) : 0,
    logSlowEvidence: latencyJudged ? slow.log(tally.timed ?? tally.requests, tally.slow) : 0,
  };
}

/** The rule, and nothing but the rule: a pure function of the inputs. Errors are named before latency where both are bad. */
export function decide(inputs: VerdictInputs): Verdict {
  const { exits, exitWindowMs } = inputs;
  if (exits !== undefined && exitWindowMs !== undefined && exits >= CRASH_LOOP_EXITS) {
    return { decision: 'bad', test: 'crash-loop', reason: crashLoopReason(exits, exitWindowMs), inputs };
  }
  if (inputs.baselineRequests === 0) {
    return {
      decision: 'hold',
      test: 'none',
      reason: 'No last good version has served a request yet: there is nothing to compare with.',
      inputs,
    };
  }
  if (inputs.logErrorEvidence >= inputs.logThreshold)
    return { decision: 'bad', test: 'errors', reason: errorReason(inputs), inputs };
  if (inputs.logSlowEvidence >= inputs.logThreshold)
    return { decision: 'bad', test: 'latency', reason: slowReason(inputs), inputs };
  return decideBetweenHoldAndGood(inputs);
}

/** Recomputes a stored verdict from its counts and null hypotheses alone; equal to the one that was given. */
export function replayVerdict(inputs: VerdictInputs): Verdict {
  const { logErrorEvidence: _errors, logSlowEvidence: _slow, ...tally } = inputs;
  return decide(weigh(tally));
}

/**
 * Judges a version by the times (Unix ms) at which it exited.
 * @returns bad with three or more exits in the 60 s before `at`, else the verdict that `inputs` give without them.
 */
export function crashLoopVerdict(exits: readonly number[], at: number, inputs: VerdictInputs): Verdict {
  const recent = exits.filter((exit) => exit > at - CRASH_LOOP_WINDOW_MS && exit <= at).length;
  if (recent < CRASH_LOOP_EXITS) return decide(inputs);
  return decide({ ...inputs, exits: recent, exitWindowMs: CRASH_LOOP_WINDOW_MS });
}

function decideBetweenHoldAndGood(inputs: VerdictInputs): Verdict {
  const hold = (reason: string): Verdict => ({ decision: 'hold', test: 'none', reason, inputs });
  const { requests, failures, observedMs = 0, promoteAfterRequests = Infinity, promoteAfterMs = Infinity } = inputs;
  const due = requests >= promoteAfterRequests && observedMs >= promoteAfterMs;
  const seen = `${count(failures)} of ${count(requests)} requests failed`;
  if (Math.max(inputs.logErrorEvidence, inputs.logSlowEvidence) >= LOG_DOUBT) {
    return hold(
      `${seen} and ${count(inputs.slow)} were slow: suspicious, but chance is not ruled out at a rate of ${inputs.falseAlarmRate}.`,
    );
  }
  if (due) {
    const reason = `${seen} in ${seconds(observedMs)}: no worse than the last good version.`;
    return { decision: 'good', test: 'none', reason, inputs };
  }
  if (requests < FEW_REQUESTS) return hold(`${seen}: too few to tell chance from a fault.`);
  return hold(`${seen}: nothing wrong so far, still being watched.`);
}

function errorReason(inputs: VerdictInputs): string {
  const { requests, failures, baselineRequests, baselineFailures, nullErrorRatio } = inputs;
  return (
    `${count(failures)} of ${count(requests)} requests failed (${percent(failures / requests)}); the last good version ` +
    `failed ${count(baselineFailures)} of ${count(baselineRequests)}, and up to ${percent(nullErrorRatio)} would be put down to chance.`
  );
}

function slowReason(inputs: VerdictInputs): string {
  const { slow, slowThresholdMs, nullSlowRatio } = inputs;
  const timed = inputs.timed ?? inputs.requests;
  return (
    `${count(slow)} of ${count(timed)} requests took longer than ${Math.round(slowThresholdMs)} ms (${percent(slow / timed)}); ` +
    `by the last good version's record up to ${percent(nullSlowRatio)} would be put down to chance.`
  );
}

function crashLoopReason(exits: number, windowMs: number): string {
  return `The version exited ${count(exits)} times within ${seconds(windowMs)}.`;
}

function count(n: number): string {
  return n < 1000 ? String(n) : String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
