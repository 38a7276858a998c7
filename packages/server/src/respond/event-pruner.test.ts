import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayEvent } from '@nightshift/gateway/protocol';
import { decodeWriteRequest } from '@nightshift/wire';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventPruner } from './event-pruner.ts';
import { foldReleaseEvent } from './fold-release-event.ts';
import { IncidentService } from './incident-service.ts';
import { EventRecords } from './telemetry/event-records.ts';
import { badReleaseEvents, type EventBody, numbered, release, T0, traffic } from './testing/bad-release.ts';
import { openRepositories, type Repositories } from './testing/sqlite-repositories.ts';

const HOUR = 3_600_000;
const KEEP = 6 * HOUR;
const WEEK = 7 * 24 * HOUR;
const errors: unknown[] = [];
let root: string;
let clock: number;
let repositories: Repositories;
let service: IncidentService;
let pruner: EventPruner;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nightshift-pruner-'));
  clock = T0;
  const now = () => clock;
  repositories = openRepositories(join(root, 'control.db'), now);
  const store = { searchLogs: async () => [], trace: async () => [] };
  const onError = (error: unknown) => void errors.push(error);
  service = new IncidentService({ ...repositories, store, now, budgetSeconds: 900, onError });
  pruner = new EventPruner({ ...repositories, service, keepMs: KEEP, now, onError });
  repositories.releases.insert(release('v1', { dir: root, state: 'good' }));
  repositories.releases.insert(release('v2', { dir: root }));
});
afterEach(async () => {
  await service.stop();
  await pruner.stop();
  repositories.close();
  rmSync(root, { recursive: true, force: true });
  expect(errors).toEqual([]);
});

async function take(events: readonly GatewayEvent[]): Promise<void> {
  repositories.events.append(events);
  for (const event of events) {
    for (const before of repositories.releases.byService(event.service)) {
      repositories.releases.update(foldReleaseEvent(before, event));
    }
    service.onEvent(event);
  }
  repositories.events.markDelivered(repositories.events.lastSeq());
  await service.settled();
}

const kinds = (version: string) => [
  ...new Set(repositories.events.forRelease(`rel-${version}`).map(({ kind }) => kind)),
];
const second = (n: number): EventBody => traffic(T0 + n * 1000, 10 + n, n % 3);
const logged = (n: number): EventBody => ({
  kind: 'log',
  at: T0 + n,
  lines: [{ at: T0 + n, stream: 1, text: `line ${n}` }],
});

function pruneAll(): void {
  while (pruner.step());
}

it('deletes what became telemetry and keeps what tells how a running release went bad', async () => {
  const failed = badReleaseEvents().find(({ kind }) => kind === 'exchange.failed') as GatewayEvent;
  const exit: EventBody = { kind: 'version.exited', at: T0, code: 1, signal: null, restartInMs: 5 };
  const events = numbered([
    { kind: 'release.live', at: T0, previous: null, startedInMs: 9 },
    second(1),
    logged(2),
    exit,
  ]);
  await take([...events, { ...failed, seq: 50 }, { ...events[2]!, seq: 60 }]);
  pruneAll();
  expect(kinds('v2')).toHaveLength(5);
  clock += KEEP + 1;
  pruneAll();
  // The last of all stays: the next events are asked for behind it.
  expect(repositories.events.forRelease('rel-v2').map(({ seq, kind }) => [seq, kind])).toEqual([
    [1, 'release.live'],
    [50, 'exchange.failed'],
    [60, 'log'],
  ]);
  repositories.releases.update(release('v2', { dir: root, state: 'superseded' }));
  pruneAll();
  expect(kinds('v2')).toEqual(['release.live', 'log']);
});

it('does a bounded part at a time, and nothing to what was not delivered', () => {
  repositories.events.append(numbered(Array.from({ length: 1300 }, (_, n) => logged(n))));
  clock += KEEP + 1;
  expect(pruner.step()).toBe(false);
  expect(repositories.events.forRelease('rel-v2')).toHaveLength(1300);
  repositories.events.markDelivered(1200);
  const left: number[] = [];
  do left.push(repositories.events.forRelease('rel-v2').length);
  while (pruner.step());
  expect([...left, repositories.events.forRelease('rel-v2').length]).toEqual([1300, 800, 300, 100]);
  expect(repositories.events.lastSeq()).toBe(1300);
});

it('lets counters go on from where they were, over a restart', async () => {
  await take(numbered(Array.from({ length: 20 }, (_, n) => second(n))));
  const next = { ...numbered([second(20)])[0]!, seq: 21 };
  repositories.events.append([next]);
  const samples = () => {
    const [record] = new EventRecords(repositories).records([next]);
    return decodeWriteRequest(record!.body);
  };
  const before = samples();
  clock += KEEP + 1;
  pruneAll();
  expect(repositories.events.forRelease('rel-v2').map(({ seq }) => seq)).toEqual([21]);
  expect(samples()).toEqual(before);
});

it('keeps everything of both releases while an incident gathers evidence, and lets it end after a week', async () => {
  const withheld = badReleaseEvents().filter(({ kind }) => kind !== 'rollback.done' && kind !== 'drained');
  await take(withheld);
  const requests = service.get('INC-1').impact.requests;
  clock += WEEK - HOUR;
  pruneAll();
  expect(repositories.events.forRelease('rel-v2')).toHaveLength(withheld.filter((e) => e.release === 'rel-v2').length);
  clock += 2 * HOUR;
  pruneAll();
  await service.settled();
  expect(service.get('INC-1')).toMatchObject({ frozenAt: clock, state: 'opened', impact: { requests } });
  pruneAll();
  expect(kinds('v2').filter((kind) => !kind.startsWith('release.'))).toEqual([withheld.at(-1)!.kind]);
  // What a person does about it then still counts.
  const back = badReleaseEvents().find(({ kind }) => kind === 'rollback.done') as GatewayEvent;
  await take([{ ...back, seq: 500, at: clock }]);
  expect(service.get('INC-1')).toMatchObject({ state: 'mitigated', mitigatedAt: clock });
});
