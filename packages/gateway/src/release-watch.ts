import {
  CRASH_LOOP_WINDOW_MS,
  crashLoopVerdict,
  createGuard,
  type Guard,
  type GuardSnapshot,
  restoreGuard,
  type Verdict,
} from '@nightshift/guard';
import { type AttemptResult, attempt } from './attempt.ts';
import type { RawHeaders } from './headers.ts';
import type { GatewayEvent } from './protocol.ts';
import type { Version } from './version.ts';

/** A request that can be sent again. */
export interface KeptRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers: RawHeaders;
  readonly body: Buffer | null;
  readonly latencyMs: number;
}

export type Observed = { readonly failed: boolean; readonly latencyMs: number };
export type ReplayConclusion = Omit<
  Extract<GatewayEvent, { kind: 'guard.replay' }>,
  'kind' | 'seq' | 'at' | 'service' | 'release'
>;

/** Requests that are kept for a replay, the newest per path. */
const KEPT_PATHS = 8;
/** How many of them are repeated before a rollback: one that is broken in every version must not decide alone. */
const REPLAYED = 3;
/** Longest wait for the last good version to prove that it does better. */
const REPLAY_TIMEOUT_MS = 3_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Judges the release that is live but not yet promoted, and holds what is needed to check a bad verdict. */
export class ReleaseWatch {
  readonly candidate: Version;
  readonly baseline: Version;
  #guard: Guard;
  readonly #now: () => number;
  #failing = new Map<string, KeptRequest>();
  #slow = new Map<string, KeptRequest>();
  #lastFailure = '';
  #resumeAt = 0;
  #pauses = 0;

  constructor(candidate: Version, baseline: Version, guard: Guard, now: () => number) {
    this.candidate = candidate;
    this.baseline = baseline;
    this.#guard = guard;
    this.#now = now;
  }

  get snapshot(): GuardSnapshot {
    return this.#guard.snapshot();
  }

  verdict(): Verdict {
    return this.#guard.verdict(this.#now());
  }

  /** Counts one finished request; `kept` makes a copy of it if it can be repeated. */
  observe(observed: Observed, kept: (() => KeptRequest) | null): Verdict {
    const at = this.#now();
    const before = this.#guard.snapshot().slow;
    if (at < this.#resumeAt) return this.#guard.verdict(at);
    const verdict = this.#guard.observe({ at, ...observed });
    if (kept && observed.failed) keep(this.#failing, kept);
    else if (kept && verdict.inputs.slow > before) keep(this.#slow, kept);
    return verdict;
  }

  crashed(): Verdict {
    const at = this.#now();
    const exits = this.candidate.exits.filter((exit) => exit > at - CRASH_LOOP_WINDOW_MS);
    return crashLoopVerdict(exits, at, this.#guard.verdict(at).inputs);
  }

  /** Begins again from nothing, after a pause that doubles up to a minute: each new judgement may raise a new false alarm. */
  restart(): void {
    const { config, baseline } = this.#guard.snapshot();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses++);
    this.#resumeAt = this.#now() + pause;
    this.#guard = createGuard(config, baseline, this.#resumeAt);
    this.#failing = new Map();
    this.#slow = new Map();
  }

  /** Repeats up to three of the requests that the verdict rests on on the last good version. */
  async replay(verdict: Verdict, timeoutMs: number): Promise<ReplayConclusion> {
    const source = verdict.test === 'latency' ? this.#slow : this.#failing;
    const kept = [...source.values()].slice(-REPLAYED);
    const baselineRelease = this.baseline.id;
    if (kept.length === 0) {
      const reason = 'None of the failed requests is safe to repeat, so the verdict stands on the statistics alone.';
      return {
        exchange: this.#lastFailure,
        baselineRelease,
        status: null,
        conclusion: 'nothing-safe-to-replay',
        reason,
      };
    }
    const limit = verdict.test === 'latency' ? verdict.inputs.slowThresholdMs : Number.POSITIVE_INFINITY;
    const replays = await Promise.all(
      kept.map((request) => this.#repeat(request, Math.min(timeoutMs, REPLAY_TIMEOUT_MS), limit)),
    );
    const decisive = replays.find((replay) => replay.better) ?? replays[0]!;
    const { exchange, status, outcome } = decisive;
    const conclusion = decisive.better ? 'release-is-the-cause' : 'release-is-not-the-cause';
    const reason = decisive.better
      ? `The last good version ${outcome} where this release did not.`
      : `The last good version does no better: it ${outcome}. Taking the release back would not help.`;
    return { exchange, baselineRelease, status, conclusion, reason };
  }

  noteFailure(exchangeId: string): void {
    this.#lastFailure = exchangeId;
  }

  async #repeat(request: KeptRequest, timeoutMs: number, slowerThanMs: number) {
    const { upstream } = this.baseline;
    const name = `${request.method} ${request.path}`;
    if (!upstream) return { exchange: request.id, status: null, better: false, outcome: 'is not running' };
    const started = Date.now();
    const result: AttemptResult = await attempt(upstream, { ...request, timeoutMs }, true).result;
    const tookMs = Date.now() - started;
    if (result.kind === 'lost')
      return { exchange: request.id, status: null, better: false, outcome: `did not answer ${name} (${result.error})` };
    result.response.resume();
    result.response.on('error', () => {});
    const status = result.response.statusCode!;
    setTimeout(() => result.request.destroy(), 1_000).unref();
    const better = status < 500 && tookMs <= slowerThanMs;
    return { exchange: request.id, status, better, outcome: `answered ${name} with ${status} in ${tookMs} ms` };
  }
}

export function watchRelease(
  candidate: Version,
  baseline: Version,
  config: GuardSnapshot['config'],
  now: () => number,
): ReleaseWatch {
  return new ReleaseWatch(candidate, baseline, createGuard(config, baseline.counts.toBaseline(), now()), now);
}

export function resumeWatch(
  candidate: Version,
  baseline: Version,
  snapshot: GuardSnapshot,
  now: () => number,
): ReleaseWatch {
  return new ReleaseWatch(candidate, baseline, restoreGuard(snapshot), now);
}

function keep(requests: Map<string, KeptRequest>, copy: () => KeptRequest): void {
  const request = copy();
  const key = `${request.method} ${request.path}`;
  requests.delete(key);
  requests.set(key, request);
  if (requests.size > KEPT_PATHS) requests.delete(requests.keys().next().value!);
}
