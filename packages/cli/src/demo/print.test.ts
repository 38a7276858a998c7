import { describe, expect, it } from 'vitest';
import { incidentOf } from '../../test/contract-server.ts';
import { missingParts, rankOfDefect } from './completeness.ts';
import { isGood, jsonLine, story } from './print.ts';
import { restoredMs, type ScenarioResult } from './scenario.ts';

const plain = { color: false };
const traffic = {
  requests: 4000,
  failedIdempotent: 0,
  failedOther: 2,
  firstFailureAt: 1000,
  lastFailureAt: 1410,
  p50Ms: 2,
  p99Ms: 9,
};

function resultOf(parts: Partial<ScenarioResult> = {}): ScenarioResult {
  return {
    url: 'http://127.0.0.1:4300',
    applicationUrl: 'http://127.0.0.1:4400',
    serveStartedInMs: 900,
    traffic,
    incident: incidentOf('mitigated'),
    detectedMs: 120,
    restoredMs: 410,
    suspectRank: 1,
    missing: [],
    report: '/tmp/report/report.md',
    servePid: 1,
    firstPassword: 'once',
    ...parts,
  };
}

describe('the end of the demo', () => {
  it('is one JSON line with the agreed names', () => {
    expect(jsonLine(resultOf())).toBe(
      '{"detected_ms":120,"restored_ms":410,"failed_idempotent":0,"failed_other":2,"requests":4000,"suspect_rank":1,"report":"/tmp/report/report.md","missing":[]}',
    );
  });

  it('tells the timeline, what users saw, and where to read on', () => {
    const text = story(plain, resultOf(), true);
    expect(text).toContain('1.4 serves all traffic');
    expect(text).toContain('0 failed that were safe to repeat, 2 failed others (writes)');
    expect(text).toContain('Restored after 410 ms, detected after 120 ms.');
    expect(text).toContain('Report: /tmp/report/report.md');
    expect(text).toContain('Page:   http://127.0.0.1:4300/incidents/inc1');
    expect(text).toContain('sign in as admin with the one-time password once');
    expect(story(plain, resultOf(), false)).toContain('--keep');
    expect(story(plain, resultOf(), false)).not.toContain('password');
  });

  it('is bad without an incident, without a restoration, and with a part missing', () => {
    expect(isGood(resultOf())).toBe(true);
    expect(isGood(resultOf({ restoredMs: null }))).toBe(false);
    expect(isGood(resultOf({ missing: ['trace'] }))).toBe(false);
    expect(story(plain, resultOf({ missing: ['trace'] }), false)).toContain('The incident lacks: trace.');
    expect(story(plain, resultOf({ incident: null }), false)).toContain('No incident was opened.');
  });
});

describe('the figures', () => {
  it('never promise more than users saw', () => {
    expect(restoredMs(incidentOf('mitigated'), traffic)).toBe(410);
    expect(restoredMs(incidentOf('mitigated'), { ...traffic, lastFailureAt: 1100 })).toBe(340);
    expect(restoredMs(incidentOf('mitigated'), { ...traffic, firstFailureAt: null, lastFailureAt: null })).toBe(340);
    expect(restoredMs(incidentOf('opened'), traffic)).toBeNull();
    expect(restoredMs(null, traffic)).toBeNull();
  });

  it('find the defect by the JSON call that was added in the store', () => {
    const [hunk] = incidentOf('opened').evidence.hunks;
    expect(
      rankOfDefect([
        { ...hunk!, file: 'src/pages.ts' },
        { ...hunk!, rank: 2 },
      ]),
    ).toBe(2);
    expect(rankOfDefect([{ ...hunk!, lines: hunk!.lines.slice(0, 1) }])).toBeNull();
  });

  it('name what an incident lacks', () => {
    expect(missingParts(incidentOf('opened'))).toEqual([
      'timeline',
      'mitigated',
      'error excerpt',
      'exchanges',
      'trace',
      'graphs',
      'verdict',
      'error',
    ]);
  });
});
