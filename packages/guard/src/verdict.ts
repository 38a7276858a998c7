/** What the guard is told and what it answers. All of it is plain data, so a verdict can be stored and replayed. */

export interface GuardConfig {
  /** Bound on the probability that a release that is no worse than its baseline is ever called bad (default 1e-6). */
  readonly falseAlarmRate: number;
  /** Error ratio that is never held against a release, whatever its baseline shows (default 0.005). */
  readonly toleratedErrorRatio: number;
  /** A request is slow beyond this multiple of the baseline's p99 (default 2) … */
  readonly slowFactor: number;
  /** … plus this many milliseconds (default 50). */
  readonly slowSlackMs: number;
  /** Requests without an alarm after which, and milliseconds after which, a release is promoted (defaults 500 and 600,000; both must pass). */
  readonly promoteAfterRequests: number;
  readonly promoteAfterMs: number;
  /** The latency of requests that end this soon after the start is not judged: caches and compilers are cold (default 5,000 ms). */
  readonly warmUpMs?: number;
}

/** Counts of the last good version. `latencyBounds` are ascending upper bounds in ms, `latencyCounts` has one more entry (overflow). */
export interface Baseline {
  readonly requests: number;
  readonly failures: number;
  readonly latencyBounds: readonly number[];
  readonly latencyCounts: readonly number[];
}

export interface Observation {
  /** Unix milliseconds when the response ended. */
  readonly at: number;
  readonly failed: boolean;
  /** Milliseconds to the first byte of the response. */
  readonly latencyMs: number;
}

/** `hold`: not enough evidence either way. The reason is a sentence for people; the inputs are all that it was computed from. */
export interface Verdict {
  readonly decision: 'hold' | 'bad' | 'good';
  readonly test: 'errors' | 'latency' | 'crash-loop' | 'none';
  readonly reason: string;
  readonly inputs: {
    readonly requests: number;
    readonly failures: number;
    readonly slow: number;
    /** 0 where latency is not judged (no baseline, or its p99 is beyond the last bucket). */
    readonly slowThresholdMs: number;
    readonly baselineRequests: number;
    readonly baselineFailures: number;
    /** Upper confidence bound of the baseline's error ratio that the release is tested against. */
    readonly nullErrorRatio: number;
    readonly nullSlowRatio: number;
    /** The e-values (evidence against "no worse"); bad when one reaches `threshold`. Natural logarithms. */
    readonly logErrorEvidence: number;
    readonly logSlowEvidence: number;
    readonly logThreshold: number;
    readonly falseAlarmRate: number;
    /** Requests whose latency was judged: those after the warm-up. Missing means all. */
    readonly timed?: number;
    /** Milliseconds from the start of the release to this verdict, and what promotion asks for. Missing means never promoted. */
    readonly observedMs?: number;
    readonly promoteAfterRequests?: number;
    readonly promoteAfterMs?: number;
    /** Only of a crash-loop verdict: how often the version exited within `exitWindowMs`. */
    readonly exits?: number;
    readonly exitWindowMs?: number;
  };
}
