import type { Exchange, GatewayEvent } from '@nightshift/gateway/protocol';
import { failedExchanges } from './evidence/exchanges.ts';

type Of<K extends GatewayEvent['kind']> = Extract<GatewayEvent, { kind: K }>;

/** What the events of one release say about how it went bad, each kind once, in event time. */
export interface IncidentFacts {
  readonly events: readonly GatewayEvent[];
  readonly starting: Of<'release.starting'> | undefined;
  readonly live: Of<'release.live'> | undefined;
  readonly verdict: Of<'guard.verdict'> | undefined;
  readonly replay: Of<'guard.replay'> | undefined;
  readonly rollback: Of<'rollback.done'> | undefined;
  readonly withheld: Of<'rollback.withheld'> | undefined;
  readonly drained: Of<'drained'> | undefined;
  readonly failed: Of<'release.failed'> | undefined;
  /** Exits of the process after it was live and before it was taken back. */
  readonly exits: readonly Of<'version.exited'>[];
  readonly exchanges: readonly Exchange[];
  readonly traffic: readonly Of<'traffic'>[];
  /** What the traffic before that adds up to, where it is no longer stored second by second. */
  readonly earlierTraffic: Of<'traffic'> | undefined;
  /** Failures as the gateway counted them; more than the exchanges it sent. */
  readonly failureCount: number;
  /** Unix ms of the first failed request, or of the first exit where no request failed; null for neither. */
  readonly firstFailureAt: number | null;
}

/** `events` are those of the release, ascending seq. */
export function incidentFacts(
  events: readonly GatewayEvent[],
  release: string,
  earlierTraffic?: Of<'traffic'>,
): IncidentFacts {
  const own = events.filter((event) => event.release === release);
  const first = <K extends GatewayEvent['kind']>(kind: K, test: (event: Of<K>) => boolean = () => true) =>
    own.find((event): event is Of<K> => event.kind === kind && test(event as Of<K>));
  const all = <K extends GatewayEvent['kind']>(kind: K) => own.filter((event): event is Of<K> => event.kind === kind);
  const live = first('release.live');
  const rollback = first('rollback.done');
  const exchanges = failedExchanges(own, release);
  const traffic = all('traffic');
  const exits = all('version.exited').filter(({ seq }) => live && seq > live.seq && (!rollback || seq < rollback.seq));
  const failures = [exchanges[0]?.at, traffic.find(({ failed }) => failed > 0)?.at].filter((at) => at !== undefined);
  return {
    events: own,
    starting: first('release.starting'),
    live,
    verdict: first('guard.verdict', ({ verdict }) => verdict.decision === 'bad'),
    replay: first('guard.replay'),
    rollback,
    // What was withheld at first may have been done in the end.
    withheld: rollback ? undefined : all('rollback.withheld').at(-1),
    drained: first('drained'),
    failed: first('release.failed'),
    exits,
    exchanges,
    traffic,
    earlierTraffic,
    failureCount: Math.max(0, ...all('exchange.failed').map(({ count }) => count)),
    firstFailureAt: exchanges[0]?.at ?? failures[0] ?? exits[0]?.at ?? null,
  };
}

const LOOP_EXITS = 3;
const LOOP_MS = 60_000;

/**
 * When and why an incident opens: the earliest of a bad verdict, a failure after the release was live, three exits within a
 * minute, a rollback by the guard, a rollback that was withheld. Undefined while nothing of that happened: a version that
 * never went live hurt nobody, and a person's own rollback is no incident.
 */
export function incidentOpening(facts: IncidentFacts): { at: number; seq: number; reason: string } | undefined {
  const loop = facts.exits.find(
    (exit, i) => i >= LOOP_EXITS - 1 && exit.at - facts.exits[i - LOOP_EXITS + 1]!.at <= LOOP_MS,
  );
  const candidates = [
    facts.verdict && { ...place(facts.verdict), reason: facts.verdict.verdict.reason },
    facts.failed &&
      facts.live &&
      facts.failed.seq > facts.live.seq && { ...place(facts.failed), reason: facts.failed.reason },
    loop && { ...place(loop), reason: `The process exited ${LOOP_EXITS} times within a minute.` },
    facts.rollback?.by === 'guard' && { ...place(facts.rollback), reason: facts.rollback.reason },
    facts.withheld && { ...place(facts.withheld), reason: facts.withheld.reason },
  ].filter((candidate) => candidate !== undefined && candidate !== false);
  return candidates.sort((a, b) => a.seq - b.seq)[0];
}

function place({ at, seq }: GatewayEvent): { at: number; seq: number } {
  return { at, seq };
}
