import type { Exchange } from '@nightshift/gateway/protocol';
import type { Incident } from '../../api/api.ts';
import { isInApp } from '../evidence/error.ts';
import { commonRoute } from '../evidence/exchanges.ts';

/** Marks what only a person can say. */
export const FOR_A_PERSON = 'For a person to answer.';

/** A line for a shell that sends the request of the exchange again; every part quoted, hop and redacted headers left out. */
export function curlLine({ method, path, requestHeaders, requestBody }: Exchange, url: string): string {
  const skipped =
    /^(?:host|content-length|connection|transfer-encoding|keep-alive|upgrade|te|trailer|traceparent|tracestate|expect)$/i;
  const headers = requestHeaders.filter(([name, value]) => !skipped.test(name) && value !== '[redacted]');
  const parts = [
    'curl',
    '-i',
    '-X',
    shellWord(method),
    ...headers.flatMap(([name, value]) => ['-H', shellWord(`${name}: ${value}`)]),
  ];
  if (requestBody !== '') parts.push('--data-raw', shellWord(requestBody));
  return [...parts, shellWord(`${url.replace(/\/$/, '')}${path}`)].join(' ');
}

/** In single quotes, which a shell takes literally; other control characters cannot be typed and become `?`. */
function shellWord(text: string): string {
  return `'${text.replace(/(?![\t\n])\p{Cc}/gu, '?').replaceAll("'", "'\\''")}'`;
}

/** Question and answer as far as the system knows it, from what users felt down to why it was possible. */
export function fiveWhys(incident: Incident): { question: string; answer: string }[] {
  const { evidence, badVersion, timeline } = incident;
  const { error, exchanges } = evidence;
  const judged = timeline.find((entry) => entry.title.startsWith('Guard: '));
  const frame = error?.frames.find(isInApp) ?? error?.frames[0];
  const candidate = incident.candidates[0];
  const route = commonRoute(exchanges);
  return [
    {
      question: 'Why was there an incident?',
      answer: judged ? `${judged.title}: ${judged.detail}.` : incident.summary,
    },
    {
      question: 'Why did requests fail?',
      answer: error ? `${error.type}: ${error.message}${frame ? ` (${frame.file}:${frame.line})` : ''}.` : FOR_A_PERSON,
    },
    {
      question: 'Why did the code do that?',
      answer: candidate ? `${candidate.text} (score ${candidate.score}; to be confirmed)` : FOR_A_PERSON,
    },
    {
      question: 'Why was it released all the same?',
      answer: passedHealthCheck(incident)
        ? `${badVersion} passed its health check, which does not exercise ${route || 'what failed'}. Which tests ran: ${FOR_A_PERSON}`
        : FOR_A_PERSON,
    },
    { question: 'Why was that possible?', answer: FOR_A_PERSON },
  ];
}

/** What follows from the facts; a person picks and adds. `code` is a line to copy. */
export function countermeasures(incident: Incident): { text: string; code: string }[] {
  const measures: { text: string; code: string }[] = [];
  const exchange = incident.evidence.exchanges[0];
  const route = commonRoute(incident.evidence.exchanges);
  if (exchange) {
    const expected = exchange.savedBy
      ? `; ${incident.goodVersion ?? 'the last good version'} answered ${exchange.savedBy.status}`
      : '';
    measures.push({
      text: `Add a test with the failing request ${exchange.method} ${exchange.path}${expected}.`,
      code: curlLine(exchange, incident.release.url ?? 'http://127.0.0.1'),
    });
    if (passedHealthCheck(incident))
      measures.push({
        text: `Let the health check touch ${route || exchange.path}: it passed while that failed.`,
        code: '',
      });
  }
  if (incident.impact.visible > incident.impact.visibleIdempotent) {
    measures.push({
      text: 'Some failed requests were not safe to repeat and reached users: give them an Idempotency-Key, so that the last good version can answer.',
      code: '',
    });
  }
  if (incident.goodVersion === null)
    measures.push({ text: 'Keep a good version warm: without one there was nothing to roll back to.', code: '' });
  if (incident.evidence.diffNote !== '')
    measures.push({ text: `Make the next comparison possible: ${incident.evidence.diffNote}`, code: '' });
  return measures;
}

function passedHealthCheck({ release, evidence }: Incident): boolean {
  const { healthPath } = release as Incident['release'] & { healthPath?: string };
  const touched = healthPath !== undefined && evidence.exchanges.some(({ path }) => path.split('?')[0] === healthPath);
  return release.liveAt !== null && evidence.exchanges.length > 0 && !touched;
}

/** Rows of the impact table. */
export function impactRows({ impact, goodVersion }: Incident): [string, string][] {
  const time = (ms: number | null) => {
    if (ms === null) return 'not yet';
    return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  };
  return [
    ['Requests to the bad release', String(impact.requests)],
    ['Failed', String(impact.failed)],
    [`Answered by ${goodVersion ?? 'another version'} instead`, String(impact.saved)],
    ['Failures that users saw', `${impact.visible} (${impact.visibleIdempotent} of them safe to repeat)`],
    ['Seconds with a failure that a user saw', String(impact.secondsDegraded)],
    ['First failure to verdict', time(impact.detectedMs)],
    ['First failure to last good version', time(impact.restoredMs)],
    ['Used of the yearly budget', `${impact.budgetUsedSeconds} s of ${impact.budgetSeconds} s`],
  ];
}

/** Unix milliseconds as `2026-11-21 14:02:11.216 UTC`. */
export function utc(at: number): string {
  return `${new Date(at).toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

/** Terminal escapes, other control characters and characters that reorder text become visible `\u{…}`. */
export function visible(text: string): string {
  return text.replace(/(?![\t\n])[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** The excerpt as numbered lines, with what was left out said in words. */
export function excerptText({ evidence }: Incident): string {
  return evidence.excerpt.lines
    .flatMap(({ number, text, gapBefore }) => [
      ...(gapBefore
        ? [
            `     ⋮ ${gapBefore.lines} lines left out${gapBefore.repetitions > 0 ? `, ${gapBefore.repetitions} of them repetitions` : ''}`,
          ]
        : []),
      `${String(number).padStart(6)}: ${text.replace(/[\r\n]/g, ' ')}`,
    ])
    .join('\n');
}

/** The hunk as unified diff. */
export function hunkText({ header, lines }: Incident['evidence']['hunks'][number]): string {
  const sign = { context: ' ', removed: '-', added: '+' } as const;
  return [header, ...lines.map(({ kind, text }) => `${sign[kind]}${text.replace(/[\r\n]/g, ' ')}`)].join('\n');
}
