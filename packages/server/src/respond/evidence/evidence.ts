import { realpath } from 'node:fs/promises';
import type { Incident, Release } from '../../api/api.ts';
import type { LogStore, TraceStore } from '../../store/store.ts';
import type { IncidentFacts } from '../incident-facts.ts';
import type { EventRepository } from '../repositories.ts';
import { type SourceHunk, sourceDiff } from './diff.ts';
import { namedFrom, parseError } from './error.ts';
import { errorExcerpt } from './excerpt.ts';
import { beforeAndAfter } from './graphs.ts';
import { mergeLines, outputLines, sentLines } from './log-lines.ts';
import { rankHunks } from './rank.ts';
import { exemplarTrace } from './trace.ts';

export interface EvidenceSources {
  readonly events: EventRepository;
  readonly store: Pick<LogStore, 'searchLogs'> & Pick<TraceStore, 'trace'>;
  /** Told why a source could not be read; the rest is collected all the same. */
  readonly onError: (error: unknown) => void;
}

export interface EvidenceSubject {
  readonly facts: IncidentFacts;
  readonly release: Release;
  readonly good: Release | null;
  readonly openedAt: number;
  /** The differences do not change, so they are computed once per incident. */
  readonly diff: { readonly hunks: readonly SourceHunk[]; readonly note: string };
}

const CONTEXT = 3;

/** The source difference of the two releases, or why there is none. */
export async function releaseDiff(good: Release | null, bad: Release): Promise<EvidenceSubject['diff']> {
  if (!good) return { hunks: [], note: 'There is no good version to compare with.' };
  try {
    return await sourceDiff(good, bad);
  } catch (error) {
    return { hunks: [], note: `The sources cannot be compared: ${(error as Error).message}` };
  }
}

/** All evidence that there is at this moment. */
export async function collectEvidence(
  subject: EvidenceSubject,
  sources: EvidenceSources,
): Promise<Incident['evidence']> {
  const { facts, release, good, openedAt } = subject;
  const start = facts.firstFailureAt ?? openedAt;
  const end = facts.rollback?.at ?? facts.withheld?.at ?? openedAt;
  const orEmpty = <T>(reading: Promise<T[]>): Promise<T[]> =>
    reading.catch((error: unknown) => {
      sources.onError(error);
      return [];
    });
  const [sent, trace] = await Promise.all([
    orEmpty(
      sentLines(sources.store, {
        service: release.service,
        version: release.version,
        start: start - 120_000,
        end: end + 120_000,
      }),
    ),
    orEmpty(exemplarTrace(sources.store, facts.exchanges)),
  ]);
  const lines = mergeLines(outputLines(facts.events), sent);
  const responses = facts.exchanges.map(({ responseBody }) => responseBody);
  const found = parseError([...lines.map(({ text }) => text), ...responses]);
  // A stack names files as they really are, also where the release lies behind a link.
  const real = await realpath(release.dir).catch(() => release.dir);
  const error = found && namedFrom(found, [release.dir, real]);
  const versions = [release, ...(good ? [good] : [])].map(({ id, version }) => ({ release: id, name: version }));
  const traffic = [...facts.events, ...(good ? sources.events.forRelease(good.id) : [])];
  return {
    excerpt: { lines: errorExcerpt(lines, { context: CONTEXT }), total: lines.length },
    exchanges: [...facts.exchanges],
    trace,
    graphs: beforeAndAfter(traffic, versions, { from: start, to: end }),
    marks: marks(facts, release, good),
    hunks: rankHunks(subject.diff.hunks, {
      error,
      routes: facts.exchanges.map(({ method, path }) => `${method} ${path}`),
    }),
    diffNote: subject.diff.note,
    verdict: facts.verdict?.verdict ?? null,
    error,
  };
}

function marks(facts: IncidentFacts, release: Release, good: Release | null): Incident['evidence']['marks'] {
  return [
    ...(facts.live ? [{ at: facts.live.at, label: `${release.version} released`, tone: 'plain' as const }] : []),
    ...(facts.firstFailureAt === null
      ? []
      : [{ at: facts.firstFailureAt, label: 'first failure', tone: 'bad' as const }]),
    ...(facts.rollback
      ? [{ at: facts.rollback.at, label: `back on ${good?.version ?? facts.rollback.to}`, tone: 'good' as const }]
      : []),
  ];
}
