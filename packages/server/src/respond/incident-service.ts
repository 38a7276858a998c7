import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { Incident, IncidentState, IncidentSummary } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { rootCauseCandidates } from './evidence/candidates.ts';
import { collectEvidence, type EvidenceSources, type EvidenceSubject, releaseDiff } from './evidence/evidence.ts';
import { commonRoute } from './evidence/exchanges.ts';
import { incidentImpact } from './impact.ts';
import { type IncidentFacts, incidentFacts, incidentOpening } from './incident-facts.ts';
import type { IncidentRecord, IncidentRepository, ReleaseRecord, ReleaseRepository } from './repositories.ts';
import { incidentTimeline, verdictInNumbers } from './timeline.ts';

export interface IncidentServiceOptions extends EvidenceSources {
  readonly incidents: IncidentRepository;
  readonly releases: ReleaseRepository;
  readonly now: () => number;
  /** Seconds of downtime per year that were promised. */
  readonly budgetSeconds: number;
  /** Milliseconds for late logs and traces after the rollback was heard of (default 10,000). */
  readonly freezeAfterMs?: number;
  /** Milliseconds by which events that come together are gathered before evidence is collected again (default 500). */
  readonly gatherMs?: number;
}

const STATES: readonly IncidentState[] = ['opened', 'acknowledged', 'mitigated', 'resolved', 'reviewed'];

/** Events that can open an incident or turn it. */
const TURNS = new Set<GatewayEvent['kind']>([
  'guard.verdict',
  'guard.replay',
  'release.failed',
  'version.exited',
  'rollback.done',
  'rollback.withheld',
  'drained',
]);
/** An incident that stays open (nothing to roll back to) must not collect its evidence again for every second of traffic. */
const SETTLED_AFTER_MS = 60_000;
const SLOW_GATHER_MS = 30_000;

/**
 * Opens one incident per bad release and fills it. An incident is computed again from the stored events until its evidence
 * is frozen, some seconds after its rollback was heard of or a person resolved it, or a week later; then only its state changes. All times that it shows are the
 * events': one that serve learns of an hour late reads the same. One whose
 * rollback was withheld stays open.
 */
export class IncidentService {
  readonly #options: IncidentServiceOptions;
  readonly #diffs = new Map<string, Promise<EvidenceSubject['diff']>>();
  readonly #refreshes = new Map<string, NodeJS.Timeout>();
  readonly #freezes = new Map<string, NodeJS.Timeout>();
  #work: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: IncidentServiceOptions) {
    this.#options = options;
  }

  /** A consumer of the event pump; the event must be stored and folded into its release already. */
  onEvent(event: GatewayEvent): void {
    const isTurn = TURNS.has(event.kind);
    const existing = this.#options.incidents.openFor(event.release);
    if (existing?.frozenAt != null && event.kind === 'rollback.done') this.#mitigate(existing, event.at);
    if (existing ? existing.frozenAt !== null : !isTurn || !this.#opens(event.release)) return;
    if (event.kind === 'rollback.done') this.#scheduleFreeze(event.release);
    const isOld = existing !== undefined && this.#options.now() - existing.openedAt > SETTLED_AFTER_MS;
    this.#scheduleRefresh(event.release, isOld && !isTurn ? SLOW_GATHER_MS : (this.#options.gatherMs ?? 500));
  }

  /** Takes up what a restart interrupted: incidents that are not frozen, and those that were about to open. */
  resume(): void {
    for (const { id } of this.#options.releases.list()) {
      const existing = this.#options.incidents.openFor(id);
      if (existing ? existing.frozenAt !== null : !this.#opens(id)) continue;
      const isBack = this.#options.events.forRelease(id).some(({ kind }) => kind === 'rollback.done');
      if (isBack || existing?.state === 'resolved' || existing?.state === 'reviewed') this.#scheduleFreeze(id);
      this.#scheduleRefresh(id, this.#options.gatherMs ?? 500);
    }
  }

  list(): IncidentSummary[] {
    return this.#options.incidents
      .list()
      .map(({ id, title, service, environment, state, openedAt, mitigatedAt, impact, badVersion, goodVersion }) => ({
        id,
        title,
        service,
        environment,
        state,
        openedAt,
        mitigatedAt,
        impact,
        badVersion,
        goodVersion,
      }));
  }

  get(id: string): IncidentRecord {
    const incident = this.#options.incidents.get(id);
    if (!incident) throw new NightshiftError('NOT_FOUND', { what: `incident \`${id}\`` });
    return incident;
  }

  /** A person's step forward or back; an incident is never `opened` again. */
  setState(id: string, state: IncidentState): Incident {
    if (!STATES.includes(state) || state === 'opened') {
      throw new NightshiftError('PARAMETER_INVALID', {
        name: 'state',
        reason: `"${state}" is not one of ${STATES.slice(1).join(', ')}.`,
      });
    }
    const incident = this.get(id);
    const mitigatedAt = incident.mitigatedAt ?? (state === 'acknowledged' ? null : this.#options.now());
    const changed = { ...incident, state, mitigatedAt };
    this.#options.incidents.update(changed);
    if (changed.frozenAt === null && (state === 'resolved' || state === 'reviewed'))
      this.#scheduleFreeze(changed.release.id);
    return changed;
  }

  /** Resolves when everything that was heard of so far is in the incidents. */
  async settled(): Promise<void> {
    for (const release of [...this.#refreshes.keys()]) this.#refreshNow(release);
    await this.#work;
  }

  /** Collects once more what is pending and leaves the rest to `resume`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#freezes.values()) clearTimeout(timer);
    this.#freezes.clear();
    await this.settled();
  }

  /** Ends the gathering for incidents that opened before that time (Unix milliseconds) and were neither mitigated nor resolved. */
  freezeOpenedBefore(time: number): void {
    for (const { release, openedAt } of this.#options.incidents.withOpenEvidence()) {
      if (openedAt < time) this.#queue(() => this.#refresh(release.id, true));
    }
  }

  #mitigate(incident: IncidentRecord, mitigatedAt: number): void {
    this.#options.incidents.update({ ...incident, ...keptState(incident, { state: 'mitigated', mitigatedAt }) });
  }

  #opens(release: string): boolean {
    return incidentOpening(incidentFacts(this.#options.events.forRelease(release), release)) !== undefined;
  }

  #scheduleRefresh(release: string, afterMs: number): void {
    if (this.#stopped || (this.#refreshes.has(release) && afterMs === SLOW_GATHER_MS)) return;
    clearTimeout(this.#refreshes.get(release));
    this.#refreshes.set(release, setTimeout(() => this.#refreshNow(release), afterMs).unref());
  }

  #refreshNow(release: string): void {
    clearTimeout(this.#refreshes.get(release));
    this.#refreshes.delete(release);
    this.#queue(() => this.#refresh(release, false));
  }

  #scheduleFreeze(release: string): void {
    if (this.#stopped || this.#freezes.has(release)) return;
    const freeze = () => {
      this.#freezes.delete(release);
      this.#queue(() => this.#refresh(release, true));
    };
    this.#freezes.set(release, setTimeout(freeze, this.#options.freezeAfterMs ?? 10_000).unref());
  }

  /** One at a time, or two could open the same incident. */
  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch(this.#options.onError);
  }

  async #refresh(releaseId: string, freeze: boolean): Promise<void> {
    const { incidents, releases, events } = this.#options;
    const release = releases.get(releaseId);
    if (!release || incidents.openFor(releaseId)?.frozenAt != null) return;
    const facts = incidentFacts(events.forRelease(releaseId), releaseId, events.prunedTraffic(releaseId));
    const opening = incidentOpening(facts);
    if (!opening) return;
    const built = await this.#build(release, facts, opening, freeze);
    // A person may have changed the state while the evidence was collected.
    const existing = incidents.openFor(releaseId);
    if (!existing) incidents.create(built);
    else incidents.update({ ...built, id: existing.id, ...keptState(existing, built) });
    if (freeze) this.#diffs.delete(releaseId);
  }

  async #build(
    release: ReleaseRecord,
    facts: IncidentFacts,
    opening: { at: number; reason: string },
    freeze: boolean,
  ): Promise<Omit<IncidentRecord, 'id'>> {
    const good = this.#goodRelease(facts);
    const diff = await this.#diff(release, good);
    const evidence = await collectEvidence({ facts, release, good, openedAt: opening.at, diff }, this.#options);
    const frozenAt = freeze ? this.#options.now() : null;
    // Shown where the events put it: late news does not stretch the story.
    const frozen = freeze
      ? {
          at: (facts.rollback?.at ?? opening.at) + (this.#options.freezeAfterMs ?? 10_000),
          logLines: evidence.excerpt.total,
          hunks: evidence.hunks.length,
        }
      : null;
    return {
      title: incidentTitle(release, facts),
      summary: incidentSummary(release, good, facts, opening.reason, evidence.error),
      service: release.service,
      environment: release.environment,
      state: facts.rollback ? 'mitigated' : 'opened',
      openedAt: opening.at,
      mitigatedAt: facts.rollback?.at ?? null,
      impact: incidentImpact(facts, this.#options.budgetSeconds),
      badVersion: release.version,
      goodVersion: good?.version ?? null,
      release,
      goodRelease: good,
      timeline: incidentTimeline({ facts, release, good, frozen }),
      evidence,
      candidates:
        facts.withheld && facts.replay?.conclusion === 'release-is-not-the-cause'
          ? []
          : rootCauseCandidates(evidence.hunks, evidence.error),
      frozenAt,
    };
  }

  #goodRelease(facts: IncidentFacts): ReleaseRecord | null {
    const id =
      facts.rollback?.to ?? facts.replay?.baselineRelease ?? facts.verdict?.baselineRelease ?? facts.live?.previous;
    return id == null ? null : (this.#options.releases.get(id) ?? null);
  }

  #diff(release: ReleaseRecord, good: ReleaseRecord | null): Promise<EvidenceSubject['diff']> {
    if (!good) return releaseDiff(good, release);
    const diff = this.#diffs.get(release.id) ?? releaseDiff(good, release);
    this.#diffs.set(release.id, diff);
    return diff;
  }
}

/** What a person set stays; only an incident that nobody moved on becomes mitigated by itself. */
function keptState(
  existing: IncidentRecord,
  built: Pick<Incident, 'state' | 'mitigatedAt'>,
): Pick<Incident, 'state' | 'mitigatedAt'> {
  const moves = existing.state === 'opened' || (existing.state === 'acknowledged' && built.state === 'mitigated');
  return { state: moves ? built.state : existing.state, mitigatedAt: built.mitigatedAt ?? existing.mitigatedAt };
}

function incidentTitle({ version }: ReleaseRecord, facts: IncidentFacts): string {
  if (facts.withheld && facts.replay?.conclusion === 'release-is-not-the-cause')
    return `Requests fail on ${version} and on the version before it`;
  if (facts.verdict?.verdict.test === 'latency') return `Answers became slow after release ${version}`;
  if (facts.exchanges.length === 0 && facts.exits.length > 0) return `${version} crashed after its release`;
  return `${commonRoute(facts.exchanges) || 'Requests'} failed after release ${version}`;
}

function incidentSummary(
  release: ReleaseRecord,
  good: ReleaseRecord | null,
  facts: IncidentFacts,
  reason: string,
  error: Incident['evidence']['error'],
): string {
  const what = facts.verdict
    ? `${release.version} of ${release.service} was judged bad: ${verdictInNumbers(facts.verdict.verdict, good)}.`
    : `${release.version} of ${release.service} went bad: ${reason}`;
  const why = error ? ` ${error.type}: ${error.message}` : ' Why is not known yet.';
  const now = facts.rollback
    ? ` All traffic is back on ${good?.version ?? 'the last good version'}.`
    : facts.withheld
      ? ` It was not rolled back: ${facts.withheld.reason}`
      : ' It has not been rolled back yet.';
  return `${what}${why}${/[.!?]$/.test(why) ? '' : '.'}${now}`;
}
