/** Kinds of values of a setting: what is allowed in code, how it is read from a variable, how that is said. */

/** Thrown where a value is not allowed; says what is. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

export interface ValueKind<T> {
  /** What is allowed, for people: `a number from 0 to 1`. */
  readonly allowed: string;
  /** Of a value given in code. Throws NotAllowed. */
  check(value: unknown): T;
  /** Of the text of a variable. Throws NotAllowed. */
  read(text: string): T;
}

function kind<T>(allowed: string, check: (value: unknown) => T | undefined, read: (text: string) => unknown) {
  const checked = (value: unknown): T => {
    const found = check(value);
    if (found === undefined) throw new NotAllowed(allowed);
    return found;
  };
  return { allowed, check: checked, read: (text: string) => checked(read(text)) } satisfies ValueKind<T>;
}

const asNumber = (text: string): unknown => (text.trim() === '' ? text : Number(text));

export const flag = kind(
  'true or false',
  (value) => (typeof value === 'boolean' ? value : undefined),
  (text) => ({ true: true, 1: true, false: false, 0: false })[text.trim().toLowerCase()],
);

export const text = kind(
  'a text',
  (value) => (typeof value === 'string' ? value : undefined),
  (text) => text,
);

export function number(least: number, most: number, unit = ''): ValueKind<number> {
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
  const inRange = (value: unknown) => typeof value === 'number' && value >= least && value <= most;
  return kind(`a number ${range}${unit}`, (value) => (inRange(value) ? (value as number) : undefined), asNumber);
}

export function wholeNumber(least: number, most: number, unit = ''): ValueKind<number> {
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return kind(
    `a whole number from ${least} to ${most}${unit}`,
    (value) => (fits(value) ? (value as number) : undefined),
    asNumber,
  );
}

/** How OTLP is spoken, as `OTEL_EXPORTER_OTLP_PROTOCOL` names it. */
export type Protocol = 'http/protobuf';

export const protocol: ValueKind<Protocol> = kind(
  'http/protobuf (OTLP over HTTP, at port 4318 as a rule)',
  (value) => (value === 'http/protobuf' ? value : undefined),
  (text) => text.trim().toLowerCase(),
);

const isUrl = (value: unknown): value is string =>
  typeof value === 'string' && (value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)));

export const url = kind(
  'an http or https address, or empty',
  (value) => (isUrl(value) ? value.replace(/\/+$/, '') : undefined),
  (text) => text.trim(),
);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `key=value,key=value`, values percent-encoded, as OpenTelemetry's variables have them. */
function readPairs(text: string): unknown {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new NotAllowed('key=value, separated by commas');
      return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const texts: ValueKind<Readonly<Record<string, string>>> = kind(
  'texts by name (key=value, separated by commas)',
  (value) =>
    isObject(value) && Object.values(value).every((one) => typeof one === 'string')
      ? (value as Record<string, string>)
      : undefined,
  readPairs,
);

export const names: ValueKind<readonly string[]> = kind(
  'a list of names, separated by commas',
  (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? (value as readonly string[]) : undefined,
  (text) => text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()])),
);

export type Rates = Readonly<Record<string, number>> & { readonly default: number };

const isRate = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;

function ratesOf(value: unknown): Rates | undefined {
  if (isRate(value)) return { default: value };
  if (!isObject(value) || !Object.values(value).every(isRate)) return undefined;
  return { default: 1, ...(value as Record<string, number>) };
}

/** `0.1`, or by kind `database=0.1,http=1`, where `default` is for every other one. */
export const rates: ValueKind<Rates> = kind(
  'a number from 0 to 1, or one for each kind (database=0.1,http=1)',
  ratesOf,
  (text) =>
    text.includes('=')
      ? Object.fromEntries(Object.entries(readPairs(text) as object).map(([name, rate]) => [name, asNumber(rate)]))
      : asNumber(text),
);
