import type { Incident } from '../../api/api.ts';
import { countermeasures, excerptText, fiveWhys, hunkText, impactRows, utc, visible } from './facts.ts';

/**
 * Text that stays text in CommonMark and GitHub's dialect, on one line: no markup, HTML, mention or automatic link. Every
 * active character has a backslash before it, which both dialects drop when it is shown.
 */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/[\r\n\t]+/g, ' ')
    .replace(/[\\`*_{}[\]<>&|~!@$#^]/g, '\\$&')
    .replace(/:(?=\/)/g, '\\:')
    .replace(/\b(www)\./gi, '$1\\.')
    .replace(/^(\s*)([-+=])/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])/, '$1\\$2');
}

/** A fenced block whose fence is longer than any run of backticks inside. */
export function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${visible(text)}\n${fence}`;
}

/** The report as Markdown, for a person to finish. Whatever the application wrote stays text. */
export function renderMarkdown(incident: Incident): string {
  const { id, service, environment, openedAt, state } = incident;
  const sections = [
    `# ${escapeMarkdown(`${id}: ${incident.title}`)}`,
    escapeMarkdown(`${service} · ${environment} · opened ${utc(openedAt)} · ${state}`),
    escapeMarkdown(incident.summary),
    '## Impact',
    `| What | How much |\n|---|---|\n${impactRows(incident)
      .map(([what, value]) => `| ${escapeMarkdown(what)} | ${escapeMarkdown(value)} |`)
      .join('\n')}`,
    '## Sequence of events',
    incident.timeline
      .map(
        ({ at, title, detail }) =>
          `- ${utc(at)}: **${escapeMarkdown(title)}**${detail === '' ? '' : ` ${escapeMarkdown(detail)}`}`,
      )
      .join('\n'),
    '## Five whys',
    fiveWhys(incident)
      .map(({ question, answer }, i) => `${i + 1}. **${escapeMarkdown(question)}** ${escapeMarkdown(answer)}`)
      .join('\n'),
    '## Root cause candidates',
    rootCauses(incident),
    '## Countermeasures',
    countermeasures(incident)
      .map(({ text, code }) => `- ${escapeMarkdown(text)}${code === '' ? '' : `\n\n${indented(fenced(code, 'sh'))}\n`}`)
      .join('\n'),
    '- For a person to add: owner and date of each.',
    '## Evidence',
    evidence(incident),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function rootCauses(incident: Incident): string {
  if (incident.candidates.length === 0) return 'None found. For a person to answer.';
  return incident.candidates
    .map(({ text, score, hunk }) => {
      const change = incident.evidence.hunks.find(({ rank }) => rank === hunk);
      return `- score ${score}: ${escapeMarkdown(text)}${change ? `\n\n${indented(fenced(hunkText(change), 'diff'))}\n` : ''}`;
    })
    .join('\n');
}

function evidence(incident: Incident): string {
  const { exchanges, excerpt, error, diffNote } = incident.evidence;
  return [
    error
      ? `### Error\n\n${fenced([`${error.type}: ${error.message}`, ...error.frames.map((f) => `    at ${f.function} (${f.file}:${f.line})`)].join('\n'))}`
      : '',
    excerpt.lines.length > 0
      ? `### Error lines with context (${excerpt.lines.length} of ${excerpt.total})\n\n${fenced(excerptText(incident))}`
      : '',
    exchanges.length > 0
      ? `### Failed requests\n\n${exchanges.map((e) => `- ${utc(e.at)} ${escapeMarkdown(`${e.method} ${e.path} → ${e.status ?? e.failure}${e.savedBy ? `, answered ${e.savedBy.status} by the last good version` : ''}`)}`).join('\n')}`
      : '',
    diffNote === '' ? '' : escapeMarkdown(diffNote),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function indented(block: string): string {
  return block.replace(/^/gm, '  ');
}
