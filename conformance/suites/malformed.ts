import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withNightshift } from '../peers/nightshift.ts';
import { attempt, type CaseResult, inShared, type Suite } from '../suite.ts';

const FOLDER = inShared('malformed');
const MANIFEST = 'manifest.json';

export interface MalformedBody {
  readonly file: string;
  readonly content_type: string;
  readonly content_encoding: string | null;
  readonly path: string;
  /** The status that is right, or several, in words. */
  readonly expect: string;
}

export function malformedBodies(): readonly MalformedBody[] {
  return JSON.parse(readFileSync(join(FOLDER, MANIFEST), 'utf8')) as MalformedBody[];
}

/** Posts a body as the manifest says. `headers` hold the token. */
export function sendMalformed(url: string, headers: Readonly<Record<string, string>>, body: MalformedBody) {
  return fetch(url + body.path, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': body.content_type,
      ...(body.content_encoding && { 'content-encoding': body.content_encoding }),
    },
    body: readFileSync(join(FOLDER, body.file)),
    signal: AbortSignal.timeout(30_000),
  });
}

/**
 * Whether the manifest allows the status: `400 (2xx for utf8_name; 400 or limit for huge)` has a rule for files whose
 * names hold the word after "for"; "partial" is a 2xx, "limit" any 4xx, "bounded memory" anything but a failure inside.
 */
function allows({ file, expect: rule }: MalformedBody, status: number): boolean {
  const own = [...rule.matchAll(/([^(;]+?) for (\w+)/g)].find(([, , word]) => file.includes(word ?? ''))?.[1];
  const text = own ?? rule.replace(/\(.*?\)/g, '').split(';')[0] ?? '';
  const isOk = status >= 200 && status < 300;
  if (/\b2xx\b|\bpartial\b/.test(text) && isOk) return true;
  if (/\blimit\b/.test(text) && status >= 400 && status < 500) return true;
  if (/bounded memory/.test(text) && status < 500) return true;
  return (text.match(/\b\d{3}\b/g) ?? []).some((code) => (code === '200' ? isOk : Number(code) === status));
}

/** Bodies of January 2026 and of 1970 are stored where the manifest allows it. */
const SETTINGS = { retention: { metrics: 0, traces: 0, logs: 0 } };

export const malformed: Suite = {
  name: 'malformed',
  about:
    'broken and hostile bodies sent to a real server: the status that the manifest asks for, and the server well after each',
  folder: FOLDER,
  run() {
    return withNightshift(SETTINGS, async ({ url, headers }) => {
      const cases: CaseResult[] = [];
      for (const body of malformedBodies()) {
        const check = async () => {
          const response = await sendMalformed(url, headers, body);
          const text = await response.text();
          if (!allows(body, response.status))
            return `${response.status}, expected ${body.expect}: ${text.slice(0, 200)}`;
          const health = (await (await fetch(`${url}/health`, { headers })).json()) as { status?: string };
          return health.status === 'up' ? undefined : `the server is ${health.status} afterwards`;
        };
        cases.push(await attempt(body.file, check));
      }
      return [{ file: MANIFEST, cases }];
    });
  },
};
