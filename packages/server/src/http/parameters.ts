import type { z } from 'zod';
import { nearest } from '../config/nearest.ts';
import { NightshiftError } from '../errors/catalogue.ts';

/** Query parameters by name; one that was repeated is a list. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

const invalid = (name: string, reason: string) => new NightshiftError('PARAMETER_INVALID', { name, reason });

/** Refuses every parameter that is not among `known`, naming the nearest. */
export function onlyKnown(parameters: unknown, known: readonly string[]): Parameters {
  for (const name of Object.keys(parameters as Parameters)) {
    if (known.includes(name)) continue;
    const right = nearest(name, known);
    throw invalid(
      name,
      right ? `is not known; did you mean \`${right}\`?` : `is not known; there are ${known.join(', ') || 'none'}.`,
    );
  }
  return parameters as Parameters;
}

/** The one value of a parameter; undefined where it is absent or empty. */
export function single(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  if (typeof value === 'object') throw invalid(name, 'is given more than once.');
  return value === '' ? undefined : value;
}

/** A whole number within the bounds. */
export function wholeNumber(
  parameters: Parameters,
  name: string,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): number {
  const text = single(parameters, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
  throw invalid(name, `${JSON.stringify(text)} is not a whole number from ${least} to ${most}.`);
}

export function choice<T extends string>(
  parameters: Parameters,
  name: string,
  allowed: Readonly<Record<string, T>>,
  fallback: T,
): T {
  const text = single(parameters, name);
  if (text === undefined) return fallback;
  if (Object.hasOwn(allowed, text)) return allowed[text] as T;
  throw invalid(name, `${JSON.stringify(text)} is not one of ${Object.keys(allowed).join(', ')}.`);
}

const latestMs = 8_640_000_000_000_000;
const hourMs = 3_600_000;

/** `start` and `end` in Unix milliseconds; the last hour where they are absent. */
export function timeRange(parameters: Parameters, now: number): { start: number; end: number } {
  const end = wholeNumber(parameters, 'end', { least: 0, most: latestMs, fallback: now });
  const start = wholeNumber(parameters, 'start', { least: 0, most: latestMs, fallback: Math.max(0, end - hourMs) });
  if (start > end) throw invalid('start', `${start} is after the end, ${end}.`);
  return { start, end };
}

/** A trace id in lower case. */
export function traceId(text: string, name: string): string {
  if (!/^[0-9a-f]{32}$/i.test(text))
    throw invalid(name, `${JSON.stringify(text)} is not a trace id of 32 hexadecimal digits.`);
  return text.toLowerCase();
}

/** The JSON body as the schema has it. Throws BODY_INVALID, which names every field that is wrong. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const reasons = result.error.issues.map(({ path, message }) => `\`${path.join('.') || 'body'}\`: ${message}`);
  throw new NightshiftError('BODY_INVALID', { reason: `The body is not right. ${reasons.join('; ')}.` });
}
