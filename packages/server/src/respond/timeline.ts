import type { Exchange } from '@nightshift/gateway/protocol';
import type { Verdict } from '@nightshift/guard';
import type { Release, TimelineEntry } from '../api/api.ts';
import type { IncidentFacts } from './incident-facts.ts';

export interface TimelineContext {
  readonly facts: IncidentFacts;
  readonly release: Release;
  readonly good: Release | null;
  readonly frozen: { readonly at: number; readonly logLines: number; readonly hunks: number } | null;
}

type Link = TimelineEntry['evidence'][number];

/** The sequence of events in sentences, by time. Every entry leads to at least one piece of evidence. */
export function incidentTimeline(context: TimelineContext): TimelineEntry[] {
  const steps = [released, wentLive, firstFailure, judged, replayed, exited, failed, rolledBack, withheld, frozen];
  return steps.flatMap((step) => step(context)).sort((a, b) => a.at - b.at);
}

function released({ release }: TimelineContext): TimelineEntry[] {
  const revision = release.revision === '' ? '' : ` ${release.revision.slice(0, 7)}`;
  return [
    entry(release.createdAt, 'plain', `${release.version}${revision} released by ${release.createdBy}`, '', [
      { kind: 'release', id: release.id, label: 'release' },
      { kind: 'diff', id: 'diff', label: 'what changed' },
    ]),
  ];
}

function wentLive({ facts: { live }, release, good }: TimelineContext): TimelineEntry[] {
  if (!live) return [];
  const kept = good ? `; ${good.version} kept warm` : '';
  return [
    entry(
      live.at,
      'plain',
      `${release.version} healthy, takes all traffic${kept}`,
      `started in ${seconds(live.startedInMs)}`,
      [{ kind: 'release', id: release.id, label: 'release' }],
    ),
  ];
}

function firstFailure({ facts: { exchanges }, good }: TimelineContext): TimelineEntry[] {
  const exchange = exchanges[0];
  if (!exchange) return [];
  const trace: Link[] = exchange.traceId === '' ? [] : [{ kind: 'trace', id: exchange.traceId, label: 'trace' }];
  return [
    entry(
      exchange.at,
      'bad',
      `First failure: ${exchange.method} ${exchange.path} → ${outcome(exchange)}`,
      answeredBy(exchange, good),
      [{ kind: 'exchange', id: exchange.id, label: 'exchange' }, ...trace],
    ),
  ];
}

function outcome({ status, failure, error }: Exchange): string {
  if (status !== null) return String(status);
  return failure === 'timeout' ? 'no answer in time' : `connection lost${error === '' ? '' : ` (${error})`}`;
}

function answeredBy({ savedBy, visible }: Exchange, good: Release | null): string {
  if (savedBy && !visible)
    return `answered by ${good?.version ?? 'the last good version'} in ${Math.round(savedBy.latencyMs)} ms`;
  return visible ? 'the user was given the failure' : '';
}

function judged({ facts: { verdict }, release, good }: TimelineContext): TimelineEntry[] {
  if (!verdict) return [];
  const title =
    verdict.verdict.test === 'crash-loop'
      ? `Guard: ${release.version} keeps crashing`
      : `Guard: ${release.version} is worse than ${good?.version ?? 'what is tolerated'}`;
  return [
    entry(verdict.at, 'lamp', title, verdictInNumbers(verdict.verdict, good), [
      { kind: 'verdict', id: 'verdict', label: 'inputs' },
    ]),
  ];
}

/** `7 of 9 failed, v1 0 of 4,182 · false-alarm bound 10⁻⁶` */
export function verdictInNumbers({ test, reason, inputs }: Verdict, good: Release | null): string {
  if (test !== 'errors' && test !== 'latency') return reason;
  const did =
    test === 'errors'
      ? `${count(inputs.failures)} of ${count(inputs.requests)} failed`
      : `${count(inputs.slow)} of ${count(inputs.requests)} slower than ${Math.round(inputs.slowThresholdMs)} ms`;
  const before =
    good && test === 'errors'
      ? `, ${good.version} ${count(inputs.baselineFailures)} of ${count(inputs.baselineRequests)}`
      : '';
  return `${did}${before} · false-alarm bound ${powerOfTen(inputs.falseAlarmRate)}`;
}

function replayed({ facts: { replay }, release, good }: TimelineContext): TimelineEntry[] {
  if (!replay) return [];
  const on = good?.version ?? 'the last good version';
  const titles = {
    'release-is-the-cause': `Same request replayed on ${on}: ${replay.status ?? 'no answer'}. It is the release.`,
    'release-is-not-the-cause': `Same request replayed on ${on}: ${replay.status ?? 'no answer'} as well. The release is not the cause.`,
    'nothing-safe-to-replay': `No failed request of ${release.version} is safe to repeat; decided without a replay`,
  };
  const link: Link =
    replay.exchange === ''
      ? { kind: 'verdict', id: 'verdict', label: 'inputs' }
      : { kind: 'replay', id: replay.exchange, label: 'replay' };
  return [
    entry(
      replay.at,
      replay.conclusion === 'release-is-not-the-cause' ? 'lamp' : 'plain',
      titles[replay.conclusion],
      replay.reason,
      [link],
    ),
  ];
}

function exited({ facts: { exits }, release }: TimelineContext): TimelineEntry[] {
  const first = exits[0];
  if (!first) return [];
  const how = first.signal ? `by ${first.signal}` : `with code ${first.code ?? '?'}`;
  return [
    entry(first.at, 'bad', `${release.version} exited ${how}`, exits.length > 1 ? `${exits.length} times in all` : '', [
      { kind: 'logs', id: 'excerpt', label: 'its last lines' },
    ]),
  ];
}

function failed({ facts, release }: TimelineContext): TimelineEntry[] {
  return facts.failed
    ? [
        entry(facts.failed.at, 'bad', `${release.version} failed`, facts.failed.reason, [
          { kind: 'logs', id: 'excerpt', label: 'its last lines' },
        ]),
      ]
    : [];
}

function rolledBack({ facts: { rollback, drained }, release, good }: TimelineContext): TimelineEntry[] {
  if (!rollback) return [];
  const cut = drained ? `${release.version} drained, ${count(drained.connectionsCut)} connections cut` : '';
  const by = rollback.by === 'person' ? 'by a person' : '';
  return [
    entry(
      rollback.at,
      'good',
      `Rolled back: all traffic on ${good?.version ?? rollback.to}`,
      [cut, by].filter(Boolean).join(' · '),
      [
        { kind: 'release', id: rollback.to, label: 'release' },
        { kind: 'graph', id: 'Failed requests per second', label: 'before and after' },
      ],
    ),
  ];
}

function withheld({ facts, release }: TimelineContext): TimelineEntry[] {
  return facts.withheld
    ? [
        entry(
          facts.withheld.at,
          'lamp',
          `No rollback: ${release.version} stays, a person must look`,
          facts.withheld.reason,
          [
            facts.replay && facts.replay.exchange !== ''
              ? { kind: 'replay', id: facts.replay.exchange, label: 'replay' }
              : { kind: 'verdict', id: 'verdict', label: 'inputs' },
          ],
        ),
      ]
    : [];
}

function frozen({ frozen: evidence, facts }: TimelineContext): TimelineEntry[] {
  if (!evidence) return [];
  const detail = `${count(evidence.logLines)} log lines · ${count(facts.exchanges.length)} exchanges · ${count(evidence.hunks)} changes`;
  return [
    entry(evidence.at, 'plain', 'Evidence frozen', detail, [
      { kind: 'logs', id: 'excerpt', label: 'log lines' },
      { kind: 'graph', id: 'Failed requests per second', label: 'before and after' },
    ]),
  ];
}

function entry(
  at: number,
  tone: TimelineEntry['tone'],
  title: string,
  detail: string,
  evidence: Link[],
): TimelineEntry {
  return { at, tone, title, detail, evidence };
}

/** 4182 → `4,182`. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** Milliseconds as `0.9 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 100 ? 2 : 1)} s`;
}

function powerOfTen(rate: number): string {
  const exponent = Math.round(Math.log10(rate));
  if (Math.abs(Math.log10(rate) - exponent) > 1e-9) return String(rate);
  return `10${String(exponent).replace(/[-\d]/g, (c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)]!))}`;
}
