import type { Link } from './store.ts';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);

/** The first page: a form, and the newest links first. */
export function listPage(links: readonly Link[]): string {
  return page(
    'Short links',
    `<h1>Short links</h1>
    <form method="post" action="/api/links">
      <label for="url">Address</label>
      <input id="url" name="url" type="url" placeholder="https://example.org/a/long/address" required>
      <button>Shorten</button>
    </form>
    <p class="count">${links.length} addresses made shorter, and counting.</p>
    <ul>
      ${links.slice(-50).reverse().map(row).join('\n      ')}
    </ul>`,
  );
}

function row({ code, url }: Link): string {
  return `<li><a href="/${code}">/${code}</a> <span>${escapeHtml(url)}</span></li>`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)}</title>
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <main>
    ${body}
    </main>
  </body>
</html>
`;
}
