import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Baseline,
  crashLoopVerdict,
  createEvidence,
  createGuard,
  defaultGuardConfig,
  replayVerdict,
  restoreGuard,
  upperBound,
  type Verdict,
} from './index.ts';

const BOUNDS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];
const NO_BASELINE: Baseline = {
  requests: 0,
  failures: 0,
  latencyBounds: BOUNDS,
  latencyCounts: BOUNDS.map(() => 0).concat(0),
};

/** Mulberry32: a seeded generator, so that a failing simulation fails again. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function lognormal(random: () => number, medianMs: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return medianMs * Math.exp(sigma * normal);
}

function baselineOf(requests: number, failures: number, latency: () => number = () => 8): Baseline {
  const latencyCounts = BOUNDS.map(() => 0).concat(0);
  for (let i = 0; i < requests; i++) {
    const ms = latency();
    const bucket = BOUNDS.findIndex((bound) => ms <= bound);
    latencyCounts[bucket === -1 ? BOUNDS.length : bucket]!++;
  }
  return { requests, failures, latencyBounds: BOUNDS, latencyCounts };
}

interface Service {
  readonly errorRatio: number;
  readonly medianMs: number;
  readonly sigma: number;
}

function sampleBaseline(random: () => number, service: Service, requests: number): Baseline {
  let failures = 0;
  for (let i = 0; i < requests; i++) if (random() < service.errorRatio) failures++;
  return baselineOf(requests, failures, () => lognormal(random, service.medianMs, service.sigma));
}

/** Feeds requests of `release` until bad; the number of the request that decided, or null. */
function requestsUntilBad(
  guard: ReturnType<typeof createGuard>,
  random: () => number,
  release: Service,
  requests: number,
  shiftMs = 0,
): number | null {
  for (let i = 1; i <= requests; i++) {
    const latencyMs = lognormal(random, release.medianMs, release.sigma) + shiftMs;
    const verdict = guard.observe({ at: 10_000 + i * 20, failed: random() < release.errorRatio, latencyMs });
    if (verdict.decision === 'bad') return i;
  }
  return null;
}

function simulateGoodReleases(count: number, falseAlarmRate: number, seed: number): number {
  const random = generator(seed);
  let alarms = 0;
  for (let i = 0; i < count; i++) {
    const service = { errorRatio: random() * 0.02, medianMs: 2 + random() * 200, sigma: 0.2 + random() * 0.8 };
    const baseline = sampleBaseline(random, service, Math.round(200 * 100 ** random()));
    const guard = createGuard({ ...defaultGuardConfig, falseAlarmRate }, baseline, 0);
    const shiftMs = random() * defaultGuardConfig.slowSlackMs * 0.99;
    if (requestsUntilBad(guard, random, service, Math.round(50 * 100 ** random()), shiftMs) !== null) alarms++;
  }
  return alarms;
}

describe('a release that is no worse than its baseline', () => {
  it('is not taken back once in 1,000 simulated releases', () => {
    expect(simulateGoodReleases(1000, 1e-6, 1)).toBe(0);
  });

  it('is called bad no more often than a loose false-alarm rate allows', () => {
    const releases = 500;
    expect(simulateGoodReleases(releases, 0.01, 2)).toBeLessThanOrEqual(
      0.01 * releases + 3 * Math.sqrt(0.01 * releases),
    );
  });

  it('stays within the e-process bound at the very edge of the null hypothesis, and not for want of power', () => {
    const random = generator(3);
    const runs = 2000;
    const alpha = 0.1;
    const evidence = createEvidence(0.02);
    let crossed = 0;
    for (let run = 0; run < runs; run++) {
      let hits = 0;
      for (let n = 1; n <= 1000; n++) {
        if (random() < 0.02) hits++;
        if (evidence.log(n, hits) >= Math.log(1 / alpha)) {
          crossed++;
          break;
        }
      }
    }
    expect(crossed).toBeLessThanOrEqual(alpha * runs + 3 * Math.sqrt(runs * alpha * (1 - alpha)));
    expect(crossed).toBeGreaterThan(0.02 * runs);
  });

  it('is promoted after enough requests and enough time, and not after only one of them', () => {
    const guard = createGuard(
      { ...defaultGuardConfig, promoteAfterRequests: 100, promoteAfterMs: 60_000 },
      baselineOf(4000, 0),
      0,
    );
    for (let i = 1; i <= 99; i++) guard.observe({ at: i, failed: false, latencyMs: 3 });
    expect(guard.verdict(60_000).decision).toBe('hold');
    expect(guard.observe({ at: 59_999, failed: false, latencyMs: 3 }).decision).toBe('hold');
    expect(guard.verdict(60_000)).toMatchObject({
      decision: 'good',
      reason: expect.stringContaining('0 of 100 requests failed in 60 s'),
    });
  });

  it('is not promoted while the evidence against it is suspicious', () => {
    const guard = createGuard(
      { ...defaultGuardConfig, promoteAfterRequests: 10, promoteAfterMs: 0 },
      baselineOf(4000, 0),
      0,
    );
    for (let i = 0; i < 40; i++) guard.observe({ at: i, failed: i % 20 === 0, latencyMs: 3 });
    expect(guard.verdict(1000).decision).toBe('good');
    guard.observe({ at: 50, failed: true, latencyMs: 3 });
    expect(guard.verdict(1000)).toMatchObject({ decision: 'hold', reason: expect.stringContaining('suspicious') });
  });
});

describe('a release that is worse', () => {
  const baseline = baselineOf(4000, 0);

  it('is bad when 7 of 9 requests failed against 0 of 4,000', () => {
    const guard = createGuard(defaultGuardConfig, baseline, 0);
    const outcomes = [true, true, false, true, true, true, false, true, true];
    const verdicts = outcomes.map((failed, i) => guard.observe({ at: i, failed, latencyMs: 5 }));
    expect(verdicts.at(-1)).toMatchObject({ decision: 'bad', test: 'errors' });
    expect(verdicts.at(-1)!.reason).toMatch(
      /^\d of \d requests failed \(.* %\); the last good version failed 0 of 4,000/,
    );
  });

  it.each([
    [100, 0, 10],
    [200, 0, 7],
    [1000, 0, 5],
    [4000, 0, 4],
    [4000, 80, 6],
    [20000, 20, 4],
  ])('that fails every request is found after few of them (baseline %i requests, %i failures: at most %i)', (requests, failures, most) => {
    const guard = createGuard(defaultGuardConfig, baselineOf(requests, failures), 0);
    expect(requestsUntilBad(guard, () => 0, { errorRatio: 1, medianMs: 5, sigma: 0 }, 100)).toBeLessThanOrEqual(most);
    const one = createGuard(defaultGuardConfig, baselineOf(requests, failures), 0);
    expect(one.observe({ at: 1, failed: true, latencyMs: 1 }).decision).toBe('hold');
  });

  it.each([
    { name: '20 % errors against none', before: 0, after: 0.2, within: 60, worst: 150 },
    { name: '5 % errors against 1 %', before: 0.01, after: 0.05, within: 1300, worst: 3500 },
    { name: '10 % errors against 2 %', before: 0.02, after: 0.1, within: 500, worst: 1500 },
  ])('with $name is found: half of them within $within requests, all within $worst', ({
    before,
    after,
    within,
    worst,
  }) => {
    const random = generator(4);
    const found: number[] = [];
    for (let i = 0; i < 100; i++) {
      const service = { errorRatio: before, medianMs: 20, sigma: 0.5 };
      const guard = createGuard(defaultGuardConfig, sampleBaseline(random, service, 5000), 0);
      found.push(requestsUntilBad(guard, random, { ...service, errorRatio: after }, worst) ?? Number.POSITIVE_INFINITY);
    }
    found.sort((a, b) => a - b);
    expect(found[50]).toBeLessThanOrEqual(within);
    expect(found[99]).toBeLessThanOrEqual(worst);
  });

  it('is bad when a third of its answers are slow, and the reason names the limit', () => {
    const guard = createGuard(defaultGuardConfig, baseline, 0);
    let verdict: Verdict | undefined;
    for (let i = 0; i < 60; i++)
      verdict = guard.observe({ at: 6000 + i, failed: false, latencyMs: i % 3 === 0 ? 500 : 5 });
    expect(verdict).toMatchObject({
      decision: 'bad',
      test: 'latency',
      reason: expect.stringContaining('longer than 70 ms'),
    });
  });

  it('is not judged by its latency while it warms up', () => {
    const guard = createGuard(defaultGuardConfig, baseline, 0);
    for (let i = 0; i < 50; i++) expect(guard.observe({ at: i, failed: false, latencyMs: 900 }).decision).toBe('hold');
    expect(guard.snapshot()).toMatchObject({ requests: 50, timed: 0, slow: 0 });
  });

  it('stays bad when its next requests succeed', () => {
    const guard = createGuard(defaultGuardConfig, baseline, 0);
    for (let i = 0; i < 6; i++) guard.observe({ at: i, failed: true, latencyMs: 5 });
    const first = guard.verdict(6);
    for (let i = 0; i < 1000; i++) guard.observe({ at: 10 + i, failed: false, latencyMs: 5 });
    expect(guard.verdict(2000)).toEqual(first);
  });

  it('is bad after three exits within a minute, and not after two or with old ones', () => {
    const { inputs } = createGuard(defaultGuardConfig, baseline, 0).verdict(0);
    expect(crashLoopVerdict([1000, 2000, 3000], 61_001, inputs).decision).toBe('hold');
    expect(crashLoopVerdict([1000, 2000], 3000, inputs).decision).toBe('hold');
    const verdict = crashLoopVerdict([1000, 2000, 3000], 3000, inputs);
    expect(verdict).toMatchObject({
      decision: 'bad',
      test: 'crash-loop',
      reason: 'The version exited 3 times within 60 s.',
    });
    expect(replayVerdict(verdict.inputs)).toEqual(verdict);
  });
});

describe('without evidence', () => {
  it('holds, whatever happens, where there is no baseline', () => {
    const guard = createGuard(defaultGuardConfig, NO_BASELINE, 0);
    for (let i = 0; i < 5000; i++)
      expect(guard.observe({ at: i * 1000, failed: true, latencyMs: 9e9 }).decision).toBe('hold');
    expect(guard.verdict(1e12).reason).toContain('nothing to compare with');
  });

  it('holds with a reason after a few requests', () => {
    const guard = createGuard(defaultGuardConfig, baselineOf(4000, 0), 0);
    expect(guard.observe({ at: 1, failed: false, latencyMs: 1 })).toMatchObject({
      decision: 'hold',
      reason: '0 of 1 requests failed: too few to tell chance from a fault.',
    });
  });

  it('does not judge latency where the p99 of the baseline is beyond the last bucket', () => {
    const guard = createGuard(
      defaultGuardConfig,
      baselineOf(1000, 0, () => 60_000),
      0,
    );
    for (let i = 0; i < 500; i++) guard.observe({ at: 6000 + i, failed: false, latencyMs: 120_000 });
    expect(guard.verdict(7000)).toMatchObject({ decision: 'hold', inputs: { slowThresholdMs: 0, slow: 0 } });
  });
});

const history = fc.record({
  baselineRequests: fc.integer({ min: 0, max: 20_000 }),
  baselineFailureShare: fc.double({ min: 0, max: 1, noNaN: true }),
  observations: fc.array(
    fc.record({ failed: fc.boolean(), latencyMs: fc.double({ min: 0, max: 5000, noNaN: true }) }),
    { maxLength: 80 },
  ),
});

describe('a stored verdict', () => {
  it('is recomputed, equal, from its inputs after a round trip through JSON', () => {
    fc.assert(
      fc.property(history, ({ baselineRequests, baselineFailureShare, observations }) => {
        const baseline = baselineOf(baselineRequests, Math.floor(baselineRequests * baselineFailureShare));
        const guard = createGuard(
          { ...defaultGuardConfig, promoteAfterRequests: 5, promoteAfterMs: 10, warmUpMs: 20 },
          baseline,
          0,
        );
        for (const [at, seen] of observations.entries()) {
          const verdict = guard.observe({ at, ...seen });
          expect(replayVerdict(JSON.parse(JSON.stringify(verdict.inputs)))).toEqual(verdict);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same when the guard was saved and restored in between', () => {
    fc.assert(
      fc.property(history, fc.nat(80), ({ baselineRequests, observations }, cut) => {
        const straight = createGuard(defaultGuardConfig, baselineOf(baselineRequests, 0), 0);
        let interrupted = createGuard(defaultGuardConfig, baselineOf(baselineRequests, 0), 0);
        for (const [i, seen] of observations.entries()) {
          if (i === cut) interrupted = restoreGuard(JSON.parse(JSON.stringify(interrupted.snapshot())));
          expect(interrupted.observe({ at: 6000 + i, ...seen })).toEqual(straight.observe({ at: 6000 + i, ...seen }));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the upper bound of a ratio', () => {
  it('is the Clopper–Pearson bound at no hits', () => {
    expect(upperBound(0, 4000, 2.5e-7)).toBeCloseTo(1 - 2.5e-7 ** (1 / 4000), 10);
    expect(upperBound(0, 0, 0.1)).toBe(1);
    expect(upperBound(7, 7, 0.1)).toBe(1);
  });

  it('is never below the exact binomial bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 1e-9, max: 0.5, noNaN: true }),
        (trials, share, alpha) => {
          const hits = Math.floor(trials * share);
          const bound = upperBound(hits, trials, alpha);
          if (bound < 1) expect(binomialTail(hits, trials, bound)).toBeLessThanOrEqual(alpha * (1 + 1e-6));
        },
      ),
    );
  });
});

/** P(Bin(trials, p) <= hits), summed term by term. */
function binomialTail(hits: number, trials: number, p: number): number {
  let logTerm = trials * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= hits; k++) {
    logTerm += Math.log((trials - k + 1) / k) + Math.log(p / (1 - p));
    sum += Math.exp(logTerm);
  }
  return sum;
}
