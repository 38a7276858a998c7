import type { DiffHunk, Incident } from '@nightshift/server/api';

/** What an incident must hold to be complete; the names of what it does not. Empty: complete. */
export function missingParts({ evidence, timeline, mitigatedAt, impact }: Incident): string[] {
  const parts: Record<string, boolean> = {
    timeline: timeline.length > 2,
    mitigated: mitigatedAt !== null,
    restored: impact.restoredMs !== null,
    'error excerpt': evidence.excerpt.lines.some(({ isError }) => isError),
    exchanges: evidence.exchanges.length > 0,
    trace: evidence.trace.length > 0,
    graphs: evidence.graphs.some(({ t }) => t.length > 0),
    diff: evidence.hunks.length > 0,
    verdict: evidence.verdict !== null,
    error: evidence.error !== null,
  };
  return Object.keys(parts).filter((part) => !parts[part]);
}

/** The rank of the hunk with the true defect: the JSON call in store.ts. null where it is not in the diff. */
export function rankOfDefect(hunks: readonly DiffHunk[]): number | null {
  const found = hunks.find(({ file, lines }) => {
    const hasCall = lines.some(({ kind, text }) => kind === 'added' && text.includes('JSON.parse'));
    return hasCall && /(^|\/)src\/store\.ts$/.test(file);
  });
  return found?.rank ?? null;
}
