import type { Incident } from '../../api/api.ts';
import { countermeasures, excerptText, fiveWhys, hunkText, impactRows, utc, visible } from './facts.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/** The report's only style block. */
export const REPORT_STYLE = `:root{color-scheme:light dark;--bg:#f6f7fa;--panel:#fff;--line:#e1e5ee;--ink:#172033;--dim:#5c6981;--lamp:#b26a00;--ok:#137a4b;--bad:#c0273d;--bad-bg:#fde8ea;--ok-bg:#e2f5ea}
@media(prefers-color-scheme:dark){:root{--bg:#0c111c;--panel:#131a29;--line:#222c40;--ink:#e7ecf6;--dim:#9aa7bf;--lamp:#ffb454;--ok:#54d196;--bad:#ff7a85;--bad-bg:#341820;--ok-bg:#10291f}}
body{margin:0 auto;max-width:60rem;padding:2rem 1rem;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-top:1px solid var(--line);padding-top:1rem}.dim,time{color:var(--dim)}
table{border-collapse:collapse;width:100%}th,td{padding:.3rem .5rem;border-top:1px solid var(--line);text-align:left;font-weight:400}th{color:var(--dim);width:45%}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow-x:auto;font:12px/1.6 ui-monospace,Menlo,monospace}
.bad{color:var(--bad)}.good{color:var(--ok)}.lamp{color:var(--lamp)}del,ins{display:block;text-decoration:none}del{background:var(--bad-bg)}ins{background:var(--ok-bg)}`;

/** The report as one HTML page without scripts or outside addresses, light and dark. Whatever the application wrote stays text. */
export function renderHtml(incident: Incident): string {
  const title = escapeHtml(`${incident.id}: ${incident.title}`);
  const { service, environment, openedAt, state } = incident;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${title}</title><style>${REPORT_STYLE}</style></head><body><main>
<h1>${title}</h1><p class="dim">${escapeHtml(`${service} · ${environment} · opened ${utc(openedAt)} · ${state}`)}</p><p>${escapeHtml(incident.summary)}</p>
<h2>Impact</h2><table>${impactRows(incident)
    .map(([what, value]) => `<tr><th scope="row">${escapeHtml(what)}</th><td>${escapeHtml(value)}</td></tr>`)
    .join('')}</table>
<h2>Sequence of events</h2><ol>${incident.timeline.map((e) => `<li><time datetime="${new Date(e.at).toISOString()}">${utc(e.at)}</time> <b class="${e.tone}">${escapeHtml(e.title)}</b> ${escapeHtml(e.detail)}</li>`).join('')}</ol>
<h2>Five whys</h2><ol>${fiveWhys(incident)
    .map(({ question, answer }) => `<li><b>${escapeHtml(question)}</b> ${escapeHtml(answer)}</li>`)
    .join('')}</ol>
<h2>Root cause candidates</h2>${rootCauses(incident)}
<h2>Countermeasures</h2><ul>${countermeasures(incident)
    .map(({ text, code }) => `<li>${escapeHtml(text)}${code === '' ? '' : `<pre>${escapeHtml(code)}</pre>`}</li>`)
    .join('')}<li>For a person to add: owner and date of each.</li></ul>
<h2>Evidence</h2>${evidence(incident)}
</main></body></html>
`;
}

function rootCauses({ candidates, evidence: { hunks } }: Incident): string {
  if (candidates.length === 0) return '<p>None found. For a person to answer.</p>';
  const items = candidates.map(({ text, score, hunk }) => {
    const change = hunks.find(({ rank }) => rank === hunk);
    return `<li>score ${score}: ${escapeHtml(text)}${change ? `<pre>${colouredDiff(hunkText(change))}</pre>` : ''}</li>`;
  });
  return `<ul>${items.join('')}</ul>`;
}

function colouredDiff(diff: string): string {
  return diff
    .split('\n')
    .map((line) => {
      if (line.startsWith('-')) return `<del>${escapeHtml(line)}</del>`;
      return line.startsWith('+') ? `<ins>${escapeHtml(line)}</ins>` : `${escapeHtml(line)}\n`;
    })
    .join('');
}

function evidence(incident: Incident): string {
  const { error, excerpt, exchanges, diffNote } = incident.evidence;
  const stack = error
    ? [
        `${error.type}: ${error.message}`,
        ...error.frames.map((f) => `    at ${f.function} (${f.file}:${f.line})`),
      ].join('\n')
    : '';
  const requests = exchanges
    .map((e) => `<li>${utc(e.at)} ${escapeHtml(`${e.method} ${e.path} → ${e.status ?? e.failure}`)}</li>`)
    .join('');
  return [
    stack === '' ? '' : `<h3>Error</h3><pre>${escapeHtml(stack)}</pre>`,
    excerpt.lines.length > 0
      ? `<h3>Error lines with context (${excerpt.lines.length} of ${excerpt.total})</h3><pre>${escapeHtml(excerptText(incident))}</pre>`
      : '',
    requests === '' ? '' : `<h3>Failed requests</h3><ul>${requests}</ul>`,
    diffNote === '' ? '' : `<p>${escapeHtml(diffNote)}</p>`,
  ].join('');
}
