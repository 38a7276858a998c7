import { dashboardScript, loginScript, style } from './page/page.generated.ts';

/** A page as it is sent, and the parts of it that its policy allows by their hashes. */
export interface Page {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

/** `body` is ours alone: what comes from the application is put in by the script, as text. */
function pageOf(title: string, body: string, script = ''): Page {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark"><title>${title} · nightshift</title>
<link rel="icon" href="data:,"><style>${style}</style></head>
<body>${body}${script ? `<script>${script}</script>` : ''}</body></html>
`;
  return { html, script, style };
}

const brand = '<p class="brand">night<i>shift</i></p>';
const needsScript = '<noscript><p class="note bad">This page needs JavaScript.</p></noscript>';

export const dashboardPage: Page = pageOf(
  'Dashboard',
  `<main id="page">${needsScript}<p class="dim" id="waiting" hidden>Loading…</p></main>`,
  dashboardScript,
);

export const loginPage: Page = pageOf(
  'Sign in',
  `<main class="narrow">${brand}<h1>Dashboard</h1>${needsScript}
<form id="login"><label for="token">Token</label>
<input id="token" type="password" autocomplete="current-password" required autofocus aria-describedby="hint problem">
<button class="main">Sign in</button></form>
<p id="problem" role="alert"></p>
<p class="dim" id="hint">The value of <code>METRICS_DASHBOARD_TOKEN</code> where the application runs.</p></main>`,
  loginScript,
);

export const closedPage: Page = pageOf(
  'Closed',
  `<main class="narrow">${brand}<h1>This dashboard is closed</h1>
<p>It shows what production does, so it opens only for those whom the application lets in. Set one of these and start the application again:</p>
<h2>A token</h2><pre>METRICS_DASHBOARD_TOKEN=&lt;a long random text&gt;</pre>
<p class="dim">or the option <code>dashboardToken</code>. Then sign in on this page, or send it as a bearer token.</p>
<h2>A check of your own</h2><pre>ns.dashboard({ check: (request) =&gt; isAdmin(request) })</pre></main>`,
);

export const refusedPage: Page = pageOf(
  'Refused',
  `<main class="narrow">${brand}<h1>Not for you</h1>
<p>The application’s own check refused this request. Sign in to the application as somebody it lets in, and come back.</p></main>`,
);
