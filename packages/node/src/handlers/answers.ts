import { gzip } from 'node:zlib';
import type { Answer, Asked } from './exchange.ts';

/** On everything: what production does is nobody else's, and no copy of it is kept on the way. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

export const answer = (
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({ status, headers: { ...ALWAYS, 'content-type': type, ...headers }, body });

export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  answer(status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`, headers);

export const text = (status: number, value: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  answer(status, 'text/plain; charset=utf-8', `${value}\n`, headers);

export const notAllowed = (allow: string): Answer => text(405, `Allowed here: ${allow}.`, { allow });

/** Bytes below which compressing saves nothing that counts. */
const WORTH_IT = 1400;

/** In the thread pool, so that the application's requests do not wait for it. */
export function compressed(asked: Asked, given: Answer): Promise<Answer> {
  const plain = { ...given, headers: { ...given.headers, vary: 'accept, accept-encoding' } };
  if (Buffer.byteLength(given.body) < WORTH_IT || !wantsGzip(asked.header('accept-encoding'))) {
    return Promise.resolve(plain);
  }
  return new Promise((resolve, reject) => {
    gzip(given.body, (error, body) => {
      if (error) reject(error);
      else resolve({ ...plain, headers: { ...plain.headers, 'content-encoding': 'gzip' }, body });
    });
  });
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding */
function wantsGzip(accepted = ''): boolean {
  const entries = accepted
    .toLowerCase()
    .split(',')
    .map((entry) => entry.split(';').map((part) => part.trim()));
  const found = entries.find(([coding]) => coding === 'gzip') ?? entries.find(([coding]) => coding === '*');
  if (!found) return false;
  const quality = found.find((parameter) => parameter.startsWith('q='));
  return quality === undefined || Number(quality.slice(2)) > 0;
}
