import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { REPORT_STYLE } from '../respond/report/html.ts';

// The report is shown in a frame that has this page's policy: its one style block is allowed by what it says.
const reportStyle = createHash('sha256').update(REPORT_STYLE).digest('base64');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'self'; style-src 'self' 'sha256-${reportStyle}'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Sends them with every answer, errors too; a route's own header stands. What the API says is not cached. */
export function addSecurityHeaders(app: FastifyInstance, publicUrl: string): void {
  const all = publicUrl.startsWith('https:')
    ? { ...headers, 'strict-transport-security': 'max-age=31536000' }
    : headers;
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(all)) if (!reply.hasHeader(name)) reply.header(name, value);
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
}
