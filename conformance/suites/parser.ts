import { SCRIPT_FEATURES } from '../../packages/promql/src/features.ts';
import { PromqlParseError, parse } from '../../packages/promql/src/index.ts';
import { attempt, named, type Suite } from '../suite.ts';
import { CURATED, readTable } from './go-tables.ts';

const FILE = 'promql_parse_cases.json';

interface GoError {
  readonly Err: GoText;
  /** Byte offsets; those that are absent are 0. */
  readonly PositionRange?: { readonly Start?: number; readonly End?: number };
}

/** A text, its bytes, or the Go expression that makes it. */
type GoText =
  | string
  | { readonly $bytes: readonly number[] }
  | { readonly $expr: string }
  | { readonly $call: string; readonly args: readonly [format: string, value: { readonly $expr: string }] };

/** `repeatError(query, text, start, startStep, end, endStep, count)` */
interface RepeatedErrors {
  readonly $call: 'repeatError';
  readonly args: readonly [GoText, string, number, number, number, number, number];
}

interface Case {
  readonly input: GoText;
  readonly fail: boolean;
  readonly errors: readonly GoError[] | { readonly $call: 'append'; readonly args: readonly RepeatedErrors[] } | null;
}

const MAX_INT64 = 2 ** 63;

function textOf(text: GoText): string {
  if (typeof text === 'string') return text;
  if ('$bytes' in text) return new TextDecoder().decode(Uint8Array.from(text.$bytes));
  if ('$expr' in text) return text.$expr.split(' + ').map(repeated).join('');
  const [format, value] = text.args;
  return format.replace('%f', (value.$expr.includes('MinInt64') ? -MAX_INT64 : MAX_INT64).toFixed(6));
}

/** `"text"` or `strings.Repeat("text", 5)`. */
function repeated(term: string): string {
  const [, text, times] = /^(?:strings\.Repeat\()?("[^"]*")(?:, (\d+)\))?$/.exec(term)!;
  return (JSON.parse(text!) as string).repeat(Number(times ?? 1));
}

function expectedErrors(errors: NonNullable<Case['errors']>): string[] {
  if (!('$call' in errors)) {
    return errors.map(({ Err, PositionRange: { Start = 0, End = 0 } = {} }) => `${Start}-${End} ${textOf(Err)}`);
  }
  return errors.args.flatMap(({ args: [, text, start, startStep, end, endStep, count] }) =>
    Array.from({ length: count }, (_, i) => `${start + i * startStep}-${end + i * endStep} ${text}`),
  );
}

/** A byte that is not UTF-8 became U+FFFD when the text was decoded; it still counts as one. */
function lengthInBytes(text: string): number {
  return new TextEncoder().encode(text.replaceAll('\u{fffd}', '?')).length;
}

function gotErrors(query: string): string[] {
  try {
    parse(query, SCRIPT_FEATURES);
    return [];
  } catch (error) {
    if (!(error instanceof PromqlParseError)) throw error;
    const bytes = (offset: number) => lengthInBytes(query.slice(0, offset));
    return error.errors.map(({ start, end, reason }) => `${bytes(start)}-${bytes(end)} ${reason}`);
  }
}

function check({ input, fail, errors }: Case): string | undefined {
  const got = gotErrors(textOf(input));
  if (!fail) return got.length === 0 ? undefined : `refused: ${got.join(' | ')}`;
  if (got.length === 0) return 'should have been refused';
  const expected = expectedErrors(errors ?? []);
  const differs = Array.from(expected.keys()).find((i) => got[i] !== expected[i]) ?? expected.length;
  return got[differs] === expected[differs] ? undefined : `got "${got[differs]}", expected "${expected[differs]}"`;
}

function nameOf({ input }: Case): string {
  const text = textOf(input);
  return text.length > 200 ? `${text.slice(0, 20)}… (${text.length} characters)` : text;
}

export const parser: Suite = {
  name: 'parser',
  about: 'queries that are right, and for those that are wrong every error with its words and its place, in bytes',
  folder: CURATED,
  async run() {
    const cases = named(readTable<Case[]>(FILE), nameOf).map(({ name, each }) => attempt(name, () => check(each)));
    return [{ file: FILE, cases: await Promise.all(cases) }];
  },
};
