import type { DiffHunk, Incident } from '../../api/api.ts';
import { isInApp, type ParsedError } from './error.ts';

const LEAST_SCORE = 0.15;

/** Up to five likely causes in words, best first; the error itself where no change explains it. Empty when nothing is known. */
export function rootCauseCandidates(hunks: readonly DiffHunk[], error: ParsedError | null): Incident['candidates'] {
  const fromHunks = hunks
    .filter(({ score }) => score >= LEAST_SCORE)
    .slice(0, 5)
    .map(({ file, score, reasons, rank, lines }) => {
      const line = lines.find(({ kind, newLine }) => kind === 'added' && newLine !== null)?.newLine;
      return { text: `The change to ${file}${line ? `:${line}` : ''}: ${reasons[0] ?? ''}.`, score, hunk: rank };
    });
  if (fromHunks.length > 0 || !error) return fromHunks;
  const top = error.frames.find(isInApp);
  const where = top ? ` at ${top.file}:${top.line}` : '';
  return [{ text: `${error.type}: ${error.message}${where}; no change explains it.`, score: 0.1, hunk: null }];
}
