import type { DiffHunk, Impact, Incident, TimelineEntry } from '@nightshift/server/api';
import { paint, printable, type Terminal } from './terminal.ts';
import { showMs, showTime } from './time.ts';

type Canvas = Pick<Terminal, 'color'>;

/** Time since `origin` (both Unix ms) as `+1.234 s`, eleven characters wide. */
export function offset(at: number, origin: number): string {
  const seconds = (at - origin) / 1000;
  return `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(3)} s`.padStart(11);
}

/** One line per entry, and its detail below it. */
export function showTimeline(canvas: Canvas, timeline: readonly TimelineEntry[], origin: number): string {
  const entries = timeline.map(({ at, tone, title, detail }) => {
    const line = `  ${paint(canvas, 'dim', offset(at, origin))}  ${paint(canvas, tone, printable(title))}\n`;
    return detail ? `${line}               ${paint(canvas, 'dim', printable(detail))}\n` : line;
  });
  return entries.join('');
}

export function showImpact(impact: Impact): string {
  const { requests, failed, saved, visible, visibleIdempotent, secondsDegraded } = impact;
  return [
    `  requests ${requests}, failed ${failed}, saved by the last good version ${saved}`,
    `  seen by users ${visible} (safe to repeat: ${visibleIdempotent})`,
    `  detected after ${showMs(impact.detectedMs)}, restored after ${showMs(impact.restoredMs)}`,
    `  degraded ${secondsDegraded.toFixed(1)} s, budget used ${impact.budgetUsedSeconds.toFixed(1)} of ${impact.budgetSeconds} s`,
    '',
  ].join('\n');
}

/** Where a suspect hunk changes the new version: its first added line, else the first removed one of the old. */
function placeOf({ file, lines }: DiffHunk): string {
  const first = (wanted: 'added' | 'removed') => lines.find(({ kind }) => kind === wanted);
  const line = first('added')?.newLine ?? first('removed')?.oldLine;
  return line ? `${file}:${line}` : file;
}

export function showSuspects(canvas: Canvas, hunks: readonly DiffHunk[], count: number): string {
  const shown = hunks.slice(0, count).map((hunk) => {
    const head = `  ${hunk.rank}. ${paint(canvas, 'bold', printable(placeOf(hunk)))}  ${hunk.score.toFixed(2)}  ${printable(hunk.reasons.join('; '))}\n`;
    const changed = hunk.lines.filter(({ kind }) => kind !== 'context').slice(0, 8);
    const lines = changed.map(({ kind, text }) =>
      paint(canvas, kind === 'added' ? 'good' : 'bad', `     ${kind === 'added' ? '+' : '-'}${printable(text)}`),
    );
    return `${head}${lines.join('\n')}\n`;
  });
  return shown.join('');
}

/** The incident for a terminal: what happened, when, what it cost, and what is suspected. */
export function showIncident(canvas: Canvas, incident: Incident, server: string): string {
  const { id, title, state, summary, openedAt, impact, timeline, evidence } = incident;
  const heading = (text: string) => `\n${paint(canvas, 'bold', text)}\n`;
  const suspects =
    evidence.hunks.length > 0 ? showSuspects(canvas, evidence.hunks, 3) : `  ${printable(evidence.diffNote)}\n`;
  return [
    `${paint(canvas, 'bold', printable(title))}\n`,
    `${printable(id)}, ${state}, opened ${showTime(openedAt)}\n`,
    `${printable(summary)}\n`,
    heading('Timeline'),
    showTimeline(canvas, timeline, timeline[0]?.at ?? openedAt),
    heading('Impact'),
    showImpact(impact),
    heading('Suspects'),
    suspects,
    `\n${server}/incidents/${encodeURIComponent(id)}\n`,
  ].join('');
}
