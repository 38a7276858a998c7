import { dirname } from 'node:path';
import { showImpact, showSuspects, showTimeline } from '../incident-text.ts';
import { paint, type Terminal } from '../terminal.ts';
import { showMs } from '../time.ts';
import type { ScenarioResult } from './scenario.ts';

/** The one line of --json. Milliseconds; null where it never came to that. */
export function jsonLine(result: ScenarioResult): string {
  const { detectedMs, restoredMs, traffic, suspectRank, report, missing } = result;
  return JSON.stringify({
    detected_ms: detectedMs,
    restored_ms: restoredMs,
    failed_idempotent: traffic.failedIdempotent,
    failed_other: traffic.failedOther,
    requests: traffic.requests,
    suspect_rank: suspectRank,
    report,
    missing,
  });
}

/** Restored, and nothing of the evidence is missing. */
export function isGood({ restoredMs, missing }: ScenarioResult): boolean {
  return restoredMs !== null && missing.length === 0;
}

/** The story for people: timeline with measured times, what users saw, and where to read on. */
export function story(canvas: Pick<Terminal, 'color'>, result: ScenarioResult, keep: boolean): string {
  const { incident, traffic } = result;
  const heading = (text: string) => `\n${paint(canvas, 'bold', text)}\n`;
  const seen = [
    `  ${traffic.requests} requests, p50 ${showMs(traffic.p50Ms)}, p99 ${showMs(traffic.p99Ms)}`,
    `  ${failures(canvas, traffic.failedIdempotent)} that were safe to repeat, ${failures(canvas, traffic.failedOther)} others (writes)`,
    '',
  ].join('\n');
  if (!incident) return `${heading('What users saw')}${seen}${paint(canvas, 'bad', '\nNo incident was opened.\n')}`;
  return [
    heading(incident.title),
    showTimeline(canvas, incident.timeline, incident.release.liveAt ?? incident.openedAt),
    heading('Impact, as the gateway counted it'),
    showImpact(incident.impact),
    heading('What users saw'),
    seen,
    heading('Suspects'),
    showSuspects(canvas, incident.evidence.hunks, 2),
    ending(canvas, result, keep),
  ].join('');
}

function failures(canvas: Pick<Terminal, 'color'>, count: number): string {
  return paint(canvas, count === 0 ? 'good' : 'bad', `${count} failed`);
}

function ending(canvas: Pick<Terminal, 'color'>, result: ScenarioResult, keep: boolean): string {
  const { restoredMs, detectedMs, missing, report, url, incident, firstPassword } = result;
  const restored = restoredMs !== null;
  const verdict = restored
    ? `Restored after ${showMs(restoredMs)}, detected after ${showMs(detectedMs)}.`
    : 'Not restored.';
  const page = keep ? `${url}/incidents/${incident?.id}` : 'start the demo with --keep to look at the page';
  return [
    `\n${paint(canvas, restored ? 'good' : 'bad', verdict)}`,
    ...(missing.length > 0 ? [paint(canvas, 'bad', `The incident lacks: ${missing.join(', ')}.`)] : []),
    `Report: ${report}${report ? ` (and report.html in ${dirname(report)})` : ''}`,
    `Page:   ${page}`,
    ...(keep && firstPassword ? [`        sign in as admin with the one-time password ${firstPassword}`] : []),
    '',
  ].join('\n');
}
