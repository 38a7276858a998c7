import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayEvent } from '@nightshift/gateway/protocol';
import { decodeJsonLogs, decodeOtlpTraces, decodeWriteRequest } from '@nightshift/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namedFrom } from './evidence/error.ts';
import { foldReleaseEvent } from './fold-release-event.ts';
import { IncidentService } from './incident-service.ts';
import { fiveWhys } from './report/facts.ts';
import { renderHtml } from './report/html.ts';
import { renderMarkdown } from './report/markdown.ts';
import type { ReleaseRecord } from './repositories.ts';
import { EventRecords } from './telemetry/event-records.ts';
import {
  badReleaseEvents,
  type EventBody,
  exchange,
  numbered,
  release,
  T0,
  TRACE,
  traffic,
  verdict,
} from './testing/bad-release.ts';
import { openRepositories, type Repositories } from './testing/sqlite-repositories.ts';

const OTLP = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'url-shortener' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: TRACE,
              spanId: '00f067aa0ba902b7',
              name: 'GET',
              kind: 2,
              startTimeUnixNano: '1',
              endTimeUnixNano: '2',
              status: { code: 2 },
            },
          ],
        },
      ],
    },
  ],
};

let root = '';
let repositories: Repositories;
let errors: unknown[] = [];
const HOUR = 3_600_000;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nightshift-incident-'));
  repositories = openRepositories(join(root, 'control.db'));
  errors = [];
  const source = (version: string, argument: string) => {
    mkdirSync(join(root, version, 'src'), { recursive: true });
    writeFileSync(join(root, version, 'src/store.ts'), `${'// line\n'.repeat(26)}return JSON.parse(${argument});\n`);
    writeFileSync(join(root, version, 'src/log.ts'), `export const name = '${version}';\n`);
  };
  source('v1', 'text');
  source('v2', 'this.file');
  repositories.releases.insert(
    release('v1', { dir: join(root, 'v1'), state: 'good', liveAt: T0 - HOUR, createdAt: T0 - HOUR }),
  );
  repositories.releases.insert(release('v2', { dir: join(root, 'v2'), revision: 'a41c9e2ffff' }));
});
afterEach(() => {
  repositories.close();
  rmSync(root, { recursive: true, force: true });
  expect(errors).toEqual([]);
});

/** A store that holds exactly what the gateway's events put into it. */
function storeOf(events: readonly GatewayEvent[]) {
  const records = new EventRecords(repositories).records(events);
  const logs = records
    .filter(({ kind }) => kind === 'json-logs')
    .flatMap(({ body, receivedAt }) => decodeJsonLogs(body, receivedAt));
  const spans = records
    .filter(({ kind }) => kind === 'otlp-traces')
    .flatMap(({ body }) => decodeOtlpTraces(body, 'json'));
  return {
    searchLogs: async () => logs,
    trace: async (id: string) => spans.filter(({ traceId }) => traceId === id),
  };
}

function serviceFor(events: readonly GatewayEvent[], freezeAfterMs = 10_000): IncidentService {
  const { incidents, releases } = repositories;
  const options = {
    incidents,
    releases,
    events: repositories.events,
    now: () => T0 + HOUR,
    budgetSeconds: 900,
    freezeAfterMs,
  };
  repositories.events.append(events);
  return new IncidentService({ ...options, store: storeOf(events), onError: (error) => errors.push(error) });
}

function feed(service: IncidentService, events: readonly GatewayEvent[]): void {
  for (const event of events) {
    for (const before of repositories.releases.byService(event.service))
      repositories.releases.update(foldReleaseEvent(before, event));
    service.onEvent(event);
  }
}

async function incidentOf(events: readonly GatewayEvent[]) {
  const service = serviceFor(events);
  feed(service, events);
  await service.settled();
  await service.stop();
  return service.get('INC-1');
}

const withTrace = (events: readonly GatewayEvent[]) => [
  ...events,
  { seq: 99, service: 'url-shortener', release: 'rel-v2', at: T0 + 9_000, kind: 'trace', otlp: OTLP } as GatewayEvent,
];

describe('the incident of a bad release', () => {
  it('tells what happened in event time, although serve heard of it an hour late', async () => {
    const incident = await incidentOf(withTrace(badReleaseEvents()));
    expect(incident).toMatchObject({
      id: 'INC-1',
      title: 'GET /:… failed after release v2',
      state: 'mitigated',
      openedAt: T0 + 8_500,
      mitigatedAt: T0 + 8_700,
      badVersion: 'v2',
      goodVersion: 'v1',
      release: { state: 'rolled-back' },
      goodRelease: { state: 'good' },
      impact: {
        requests: 9,
        failed: 7,
        saved: 7,
        visible: 0,
        secondsDegraded: 0,
        detectedMs: 700,
        restoredMs: 900,
        budgetSeconds: 900,
        budgetUsedSeconds: 0,
      },
    });
    expect(incident.timeline.map(({ title }) => title)).toEqual([
      'v2 a41c9e2 released by mira',
      'v2 healthy, takes all traffic; v1 kept warm',
      'First failure: GET /c0de0 → 500',
      'Guard: v2 is worse than v1',
      'Same request replayed on v1: 302. It is the release.',
      'Rolled back: all traffic on v1',
    ]);
    expect(incident.timeline[3]?.detail).toBe('7 of 9 failed, v1 0 of 4,182 · false-alarm bound 10⁻⁶');
    expect(incident.timeline.every(({ evidence }) => evidence.length > 0)).toBe(true);
  });

  it('has the evidence: error lines, exchanges, trace, graphs, and the guilty change first', async () => {
    const { evidence, candidates } = await incidentOf(withTrace(badReleaseEvents()));
    expect(evidence.error).toMatchObject({
      type: 'SyntaxError',
      frames: [{ file: '/srv/v2/src/store.ts', line: 27 }],
    });
    expect(evidence.excerpt.total).toBe(5);
    expect(evidence.excerpt.lines.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(evidence.exchanges).toHaveLength(7);
    expect(evidence.trace.map(({ spanId }) => spanId)).toEqual(['00f067aa0ba902b7']);
    expect(evidence.hunks[0]).toMatchObject({ file: 'src/store.ts', rank: 1 });
    expect(candidates[0]).toMatchObject({ hunk: 1, text: expect.stringContaining('src/store.ts:27') });
    const ratio = evidence.graphs.find(({ unit }) => unit === 'ratio')!;
    expect(
      ratio.lines.find(({ name }) => name === 'v2')!.values[ratio.t.indexOf(Math.floor((T0 + 8_600) / 1000) * 1000)],
    ).toBeCloseTo(7 / 9);
    expect(ratio.lines.find(({ name }) => name === 'v1')!.values.filter((v) => v !== null)).toEqual([0]);
  });

  it('is one, however often its events come, and its evidence is frozen once', async () => {
    const events = badReleaseEvents();
    const service = serviceFor(events, 30);
    feed(service, [...events, ...events]);
    await service.settled();
    feed(service, events);
    await expect.poll(() => service.get('INC-1').frozenAt, { timeout: 10_000 }).toBe(T0 + HOUR);
    const frozen = service.get('INC-1');
    const late = { ...events[3]!, seq: 100, at: T0 + 50_000 } as GatewayEvent;
    repositories.events.append([late]);
    feed(service, [late]);
    service.resume();
    await service.settled();
    expect(service.list()).toHaveLength(1);
    expect(service.get('INC-1')).toEqual(frozen);
    expect(frozen.timeline.at(-1)?.title).toBe('Evidence frozen');
    await service.stop();
  });

  it('opens after a restart that came between the verdict and the incident', async () => {
    const events = badReleaseEvents();
    const service = serviceFor(events);
    service.resume();
    await service.settled();
    await service.stop();
    expect(service.get('INC-1').badVersion).toBe('v2');
  });

  it('keeps what a person set, and refuses a state that there is not', async () => {
    const events = badReleaseEvents();
    const service = serviceFor(events);
    feed(service, events);
    await service.settled();
    service.setState('INC-1', 'resolved');
    feed(service, events);
    await service.settled();
    expect(service.get('INC-1')).toMatchObject({ state: 'resolved', mitigatedAt: T0 + 8_700 });
    expect(() => service.setState('INC-1', 'gone' as never)).toThrow('"gone" is not one of acknowledged, mitigated');
    await service.stop();
  });

  it('stays open and says why when the release is not the cause', async () => {
    const bodies: EventBody[] = [
      { kind: 'release.live', at: T0, previous: 'rel-v1', startedInMs: 9 },
      {
        kind: 'exchange.failed',
        at: T0 + 5_000,
        exchange: exchange(0, { visible: true, savedBy: null, at: T0 + 5_000 }),
        count: 1,
      },
      traffic(T0 + 5_000, 4, 3, { visible: 3, saved: 0 }),
      { kind: 'guard.verdict', at: T0 + 6_000, verdict: verdict(), baselineRelease: 'rel-v1' },
      {
        kind: 'guard.replay',
        at: T0 + 6_100,
        exchange: 'x0',
        baselineRelease: 'rel-v1',
        status: 500,
        conclusion: 'release-is-not-the-cause',
        reason: 'v1 fails it too',
      },
      { kind: 'rollback.withheld', at: T0 + 6_200, reason: 'v1 fails the same request, so going back would not help.' },
    ];
    const incident = await incidentOf(numbered(bodies));
    expect(incident).toMatchObject({
      state: 'opened',
      mitigatedAt: null,
      candidates: [],
      impact: { visible: 3, secondsDegraded: 1, budgetUsedSeconds: 1, restoredMs: null },
    });
    expect(incident.summary).toContain('going back would not help');
    expect(incident.timeline.at(-1)).toMatchObject({
      tone: 'lamp',
      title: 'No rollback: v2 stays, a person must look',
    });
  });

  it.each<[string, EventBody[]]>([
    ['a version that never started', [{ kind: 'release.failed', at: T0, reason: 'exit 1' }]],
    [
      "a person's own rollback",
      [
        { kind: 'release.live', at: T0, previous: 'rel-v1', startedInMs: 9 },
        { kind: 'rollback.done', at: T0 + 9, to: 'rel-v1', reason: 'no', by: 'person', sinceFirstFailureMs: null },
      ],
    ],
    [
      'two exits',
      [
        { kind: 'release.live', at: T0, previous: null, startedInMs: 9 },
        ...[1, 2].map(
          (n): EventBody => ({ kind: 'version.exited', at: T0 + n, code: 1, signal: null, restartInMs: 5 }),
        ),
      ],
    ],
  ])('is not opened for %s', async (_, bodies) => {
    const service = serviceFor(numbered(bodies));
    feed(service, numbered(bodies));
    await service.settled();
    expect(service.list()).toEqual([]);
    await service.stop();
  });

  it('opens for three exits within a minute', async () => {
    const exits = [1, 2, 3].map(
      (n): EventBody => ({ kind: 'version.exited', at: T0 + n * 1000, code: 1, signal: null, restartInMs: 5 }),
    );
    const incident = await incidentOf(
      numbered([{ kind: 'release.live', at: T0, previous: null, startedInMs: 9 }, ...exits]),
    );
    expect(incident).toMatchObject({ title: 'v2 crashed after its release', openedAt: T0 + 3_000, goodVersion: null });
  });
});

describe('the report', () => {
  const at = (file: string) => ({ function: '', file, line: 1, column: null });

  const EVIL =
    '<script>alert(1)</script> ``` [x](javascript:1) @everyone https://evil.test **b** \u001b[31m\u202e | # h';

  it('says what is known and marks the rest for a person', async () => {
    const incident = await incidentOf(badReleaseEvents());
    const markdown = renderMarkdown(incident);
    for (const heading of [
      'Impact',
      'Sequence of events',
      'Five whys',
      'Root cause candidates',
      'Countermeasures',
      'Evidence',
    ]) {
      expect(markdown).toContain(`\n## ${heading}\n`);
      expect(renderHtml(incident)).toContain(`<h2>${heading}</h2>`);
    }
    expect(markdown).toContain(`curl -i -X 'GET' -H 'accept: */*' 'http://127.0.0.1:8080/c0de0'`);
    expect(markdown).toContain('For a person to answer.');
    expect(markdown).toContain('+return JSON.parse(this.file);');
  });

  it('names files from the directory of the release, wherever that lies, and leaves those of others as they are', async () => {
    const link = join(root, 'current');
    symlinkSync(join(root, 'v2'), link);
    repositories.releases.update({ ...(repositories.releases.get('rel-v2') as ReleaseRecord), dir: `${link}/` });
    const events = badReleaseEvents().map((event): GatewayEvent => {
      if (event.kind !== 'log') return event;
      const own = (line: string) => line.replaceAll('/srv/v2', realpathSync(join(root, 'v2')));
      return { ...event, lines: event.lines.map((line) => ({ ...line, text: own(line.text) })) };
    });
    const incident = await incidentOf(events);
    expect(incident.evidence.error?.frames[0]).toMatchObject({ file: 'src/store.ts', line: 27 });
    const whys = fiveWhys(incident).map(({ answer }) => answer);
    expect(whys[1]).toContain('(src/store.ts:27)');
    expect(whys.join('\n')).not.toContain(root);
    expect(
      namedFrom({ type: 'E', message: '', frames: [at('/srv/v22/a.js'), at('/srv/v2/a.js')] }, ['/srv/v2']),
    ).toEqual({
      type: 'E',
      message: '',
      frames: [at('/srv/v22/a.js'), at('a.js')],
    });
  });

  it('keeps hostile log lines, paths and bodies text in Markdown and HTML', async () => {
    const events = badReleaseEvents().map((event): GatewayEvent => {
      if (event.kind === 'log') return { ...event, lines: [{ at: T0 + 8_000, stream: 2, text: `TypeError: ${EVIL}` }] };
      if (event.kind === 'exchange.failed')
        return { ...event, exchange: { ...event.exchange, path: `/${EVIL}'`, requestBody: "'; rm -rf / #" } };
      return event.kind === 'rollback.done' ? { ...event, reason: EVIL } : event;
    });
    const incident = await incidentOf(events);
    const html = renderHtml(incident);
    expect(html).not.toMatch(/<script|\p{Cf}|(?!\n)\p{Cc}|<a /iu);
    expect(html).toContain('&lt;script&gt;');
    const markdown = renderMarkdown(incident);
    const prose = markdown.replace(/^ *(`{3,})[a-z]*\n[\s\S]*?^ *\1$/gm, '');
    expect(prose).not.toMatch(
      /(?<!\\)<script|(?<!\\)\[x\]|(?<!\\)@everyone|https:\/\/|(?<!\\)\*\*b|\p{Cf}|(?!\n)\p{Cc}/u,
    );
    expect(prose).toContain('\\<script\\>');
    expect(markdown).toContain(`--data-raw ''\\''; rm -rf / #'`);
  });
});

describe('traffic as metrics', () => {
  it('is cumulative, and the same for an event that comes again after a restart', () => {
    const events = numbered([traffic(T0, 10, 1), traffic(T0 + 1_000, 5, 2)]);
    repositories.events.append(events);
    const samples = (records: EventRecords, list: readonly GatewayEvent[]) => {
      const batch = decodeWriteRequest(records.records(list)[0]!.body);
      return [...batch.seriesIndex].map(
        (s, i) => `${[...batch.series[s]!].join(';')} ${batch.timestamps[i]} ${batch.values[i]}`,
      );
    };
    const both = samples(new EventRecords(repositories), events);
    const again = samples(new EventRecords(repositories), events.slice(1));
    expect(again.every((sample) => both.includes(sample))).toBe(true);
    expect(again.filter((s) => s.includes('failures_total')).map((s) => s.split(' ').at(-1))).toEqual(['3']);
    expect(again.filter((s) => s.includes('le,+Inf')).map((s) => s.split(' ').at(-1))).toEqual(['15']);
  });
});
