import type { Incident, TimelineEntry } from '@nightshift/server/api';

type Evidence = TimelineEntry['evidence'][number];

/** Where evidence stands on the page: element ids. */
export const ANCHOR = {
  release: 'evidence-release',
  exchanges: 'evidence-exchanges',
  trace: 'evidence-trace',
  verdict: 'evidence-verdict',
  logs: 'evidence-logs',
  diff: 'evidence-diff',
  graphs: 'evidence-graphs',
} as const;

export const exchangeAnchor = (id: string): string => `evidence-exchange-${id}`;
export const hunkAnchor = (rank: number): string => `evidence-hunk-${rank}`;

/** What a link in the timeline leads to: a place on this page, or a trace that is not the frozen one. */
export type Target = { anchor: string } | { trace: string };

/** Never nowhere: what cannot be found exactly leads to its section. */
export function evidenceTarget(evidence: Evidence, incident: Pick<Incident, 'evidence'>): Target {
  const { exchanges, trace, hunks } = incident.evidence;
  switch (evidence.kind) {
    case 'exchange':
    case 'replay':
      return {
        anchor: exchanges.some(({ id }) => id === evidence.id) ? exchangeAnchor(evidence.id) : ANCHOR.exchanges,
      };
    case 'trace':
      return /^[0-9a-f]{16,32}$/.test(evidence.id) && trace[0]?.traceId !== evidence.id
        ? { trace: evidence.id }
        : { anchor: ANCHOR.trace };
    case 'diff':
      return {
        anchor: hunks.some(({ rank }) => String(rank) === evidence.id) ? hunkAnchor(Number(evidence.id)) : ANCHOR.diff,
      };
    case 'graph':
      return { anchor: ANCHOR.graphs };
    default:
      return { anchor: ANCHOR[evidence.kind] };
  }
}
