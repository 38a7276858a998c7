import type { JsonBytes } from './json-bytes.ts';

/** What a route of the Prometheus HTTP API gives. */
export interface Answer {
  readonly data: unknown;
  /** In place of `data`: the body up to its data, to which the rest is added. What is large is written once, piece by piece. */
  readonly json?: JsonBytes;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Annotations of one kind that an answer has, as in Prometheus. */
const most = 10;

function first(texts: readonly string[], kind: string): string[] {
  if (texts.length <= most) return [...texts];
  return [...texts.slice(0, most), `${texts.length - most} more ${kind} annotations omitted`];
}

export const truncated = 'results truncated due to limit';

/** The first `limit` of a list, and a warning where that is not all. */
export function upTo<T>(all: readonly T[], limit: number): { all: readonly T[]; warnings: string[] } {
  return all.length > limit ? { all: all.slice(0, limit), warnings: [truncated] } : { all, warnings: [] };
}

/** How the body of a successful answer begins. */
export const beforeData = '{"status":"success","data":';

/** The body of a successful answer. */
export function bodyOf({ data, json, warnings = [], infos = [] }: Answer): string | Buffer {
  const annotations = [
    warnings.length > 0 ? `,"warnings":${JSON.stringify(first(warnings, 'warning'))}` : '',
    infos.length > 0 ? `,"infos":${JSON.stringify(first(infos, 'info'))}` : '',
  ];
  const after = `${annotations.join('')}}`;
  if (!json) return beforeData + JSON.stringify(data) + after;
  json.text(after);
  return json.finish();
}
