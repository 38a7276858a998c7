import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCRIPT_FEATURES } from '../features.ts';
import { type ParseIssue, PromqlParseError } from './error.ts';
import { MAX_QUERY_LENGTH, parse, parseSelector } from './parse.ts';
import { MAX_TOKENS } from './tokenStream.ts';

const CASES = '../shared/conformance/prometheus/curated/promql_parse_cases.json';

interface WantedError {
  readonly Err: unknown;
  readonly PositionRange?: { readonly Start?: number; readonly End?: number };
}

interface Case {
  readonly input: unknown;
  readonly fail: boolean;
  readonly errors: unknown;
}

function refusal(query: string, features = SCRIPT_FEATURES): PromqlParseError | undefined {
  try {
    parse(query, features);
    return undefined;
  } catch (error) {
    if (error instanceof PromqlParseError) return error;
    throw error;
  }
}

/** The texts that the cases build by calls of Go. Bytes that are no UTF-8 are one unit each, as they are one byte there. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { $bytes, $call, $expr, args } = value as Record<string, unknown> & { args?: unknown[] };
  if (Array.isArray($bytes)) return new TextDecoder().decode(Uint8Array.from($bytes as number[]));
  if ($call === 'fmt.Sprintf' || $call === 'fmt.Errorf') {
    const [template, argument] = args as [string, { $expr: string }];
    return template.replace('%f', () => `${BigInt(argument.$expr.includes('MinInt64') ? -(2 ** 63) : 2 ** 63)}.000000`);
  }
  if ($expr === DEEP) return deepQuery;
  throw new Error(`a text that this test cannot build: ${JSON.stringify(value)}`);
}

const DEEP = '"(" + strings.Repeat("-{}-1", 10000) + ")" + strings.Repeat("[1m:]", 1000)';
const deepQuery = `(${'-{}-1'.repeat(10_000)})${'[1m:]'.repeat(1000)}`;

function errorsOf({ errors }: Case): ParseIssue[] {
  if (Array.isArray(errors)) {
    return (errors as WantedError[]).map(({ Err, PositionRange }) => ({
      reason: textOf(Err),
      start: PositionRange?.Start ?? 0,
      end: PositionRange?.End ?? 0,
    }));
  }
  return (errors as { args: { args: unknown[] }[] }).args.flatMap(({ args }) => {
    const [, reason, start, startStep, end, endStep, count] = args as [unknown, string, ...number[]];
    return Array.from({ length: count! }, (_, i) => ({
      reason,
      start: start! + i * startStep!,
      end: end! + i * endStep!,
    }));
  });
}

/** From offsets in bytes to offsets in UTF-16 units. */
function inUnits(query: string, issues: readonly ParseIssue[]): ParseIssue[] {
  const bytes = Buffer.from(query);
  const unit = (offset: number) => (query.includes('\ufffd') ? offset : bytes.subarray(0, offset).toString().length);
  return issues.map(({ reason, start, end }) => ({ reason, start: unit(start), end: unit(end) }));
}

describe.skipIf(!existsSync(CASES))(`Prometheus' own parser cases (skipped if ${CASES} is missing)`, () => {
  const cases = existsSync(CASES) ? (JSON.parse(readFileSync(CASES, 'utf8')) as Case[]) : [];
  const valid = cases.filter(({ fail }) => !fail);
  const refused = cases.filter(({ fail }) => fail);

  it('are all there', () => {
    expect([valid.length, refused.length]).toEqual([208, 148]);
  });

  it.each(valid.map((each) => textOf(each.input)))('accepts %j', (query) => {
    expect(refusal(query)?.message).toBeUndefined();
  });

  it.each(
    refused.map((each) => [textOf(each.input).slice(0, 100), each] as const),
  )('refuses %j with every error and place of it', (_, each) => {
    const query = textOf(each.input);
    expect(refusal(query)?.errors).toEqual(inUnits(query, errorsOf(each)));
  });
});

describe('parse', () => {
  it.each([
    ['', 'unknown position: parse error: no expression found in input'],
    ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
    ['x[5m] + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['sum(\n  x y)', '2:5: parse error: unexpected identifier "y" in aggregation'],
    ['nope(x)', '1:1: parse error: unknown function with name "nope"'],
    ['x{a=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `(`'],
    ['{"ä"} $', "1:8: parse error: unexpected character: '$'"],
    ['x offset 5m offset 5m', '1:1: parse error: offset may not be set multiple times'],
    ['x[5h1d]', '1:3: parse error: not a valid duration string: "5h1d"'],
    ['x offset NaN', '1:10: parse error: duration out of range'],
    ['1__0', '1:1: parse error: bad number or duration syntax: "1__"'],
    [
      '0x8000000000000000',
      '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0x8000000000000000": invalid syntax',
    ],
    ['"\\400"', '1:1: parse error: escape sequence is an invalid Unicode code point'],
    ['"\\ud800"', '1:1: parse error: escape sequence is an invalid Unicode code point'],
    ['"a\nb"', '1:1: parse error: unterminated quoted string'],
    ['"\u{1f600}\u0007$" $', "1:10: parse error: unexpected character: '$'"],
    ['sum by ("") (x)', '1:9: parse error: invalid label name for grouping: ""'],
    ['sum by ("\\xff") (x)', '1:9: parse error: invalid label name for grouping: "\\ufffd"'],
    ['x{a=~"\\xff"}', '1:3: parse error: error parsing regexp: invalid UTF-8: `\ufffd`'],
    ['x @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['x[5m:1m:1m]', "1:8: parse error: unexpected colon ':'"],
    ['x[:5m]', '1:4: parse error: unexpected colon before duration in duration expression'],
    ['x[5m', '1:5: parse error: unclosed left bracket'],
    ['x[5m[', "1:5: parse error: unexpected left bracket '['"],
    ['x]', "1:2: parse error: unexpected right bracket ']'"],
    ['{{', "1:2: parse error: unexpected left brace '{'"],
    ['a !', "1:3: parse error: unexpected character after '!': '\ufffd'"],
  ])('refuses %j with %s', (query, message) => {
    expect(refusal(query)).toMatchObject({ name: 'PromqlParseError', message });
  });

  it('counts columns in bytes as Prometheus does, and positions in units of the text', () => {
    expect(refusal('"ä" +\n"ö" + $')).toMatchObject({ line: 2, column: 8, position: 12, end: 13 });
  });

  it('goes on after an error and reports what else is wrong', () => {
    expect(refusal('x{a=b, c d="e"} + rate(y,) + sum()')?.errors.map(({ reason }) => reason)).toEqual([
      'unexpected identifier "b" in label matching, expected string',
      'unexpected identifier "d" in label matching, expected label matching operator',
      'trailing commas not allowed in function call args',
      'no arguments for aggregate expression provided',
    ]);
    expect(refusal('rate(x) + -"y"')?.errors.map(({ reason }) => reason)).toEqual([
      'expected type range vector in call to function "rate", got instant vector',
      'unary expression only allowed on expressions of type scalar or instant vector, got "string"',
      'binary expression must contain only scalar and instant vector types',
    ]);
  });

  it('lets a sign bind weaker than a power, and a modifier bind to the last operand only', () => {
    expect(parse('-1^2')).toMatchObject({ kind: 'UnaryExpr', expr: { kind: 'BinaryExpr' } });
    expect(parse('2^-x*3')).toMatchObject({ op: '*', left: { op: '^', right: { kind: 'UnaryExpr' } } });
    expect(parse('2^3^4')).toMatchObject({ left: { value: 2 }, right: { op: '^' } });
    expect(parse('-x offset 5m')).toMatchObject({ kind: 'UnaryExpr', expr: { offset: { ms: 300_000 } } });
    expect(parse('x + y @ 1')).toMatchObject({ left: { name: 'x' }, right: { name: 'y', at: 1000 } });
    expect(parse('x offset 5m + 1')).toMatchObject({ op: '+', right: { value: 1 } });
    expect(parse('x offset (5m) + 1')).toMatchObject({ name: 'x', offset: { op: '+' } });
  });

  it.each([
    ['1_000', 1000],
    ['0x_1F', 31],
    ['0755', 493],
    ['0899', 899],
    ['1e-3', 0.001],
    ['.5', 0.5],
    ['5.', 5],
    ['iNf', Number.POSITIVE_INFINITY],
    ['- - 2', 2],
    ['1h1ms', 3600.001],
    ['9223372036854775808', 2 ** 63],
  ])('reads the number %s', (query, value) => {
    expect(parse(query)).toMatchObject({ kind: 'NumberLiteral', value });
  });

  it.each([
    [String.raw`"\x41\303\244\u00e4\U0001f600\n"`, 'Aää😀\n'],
    ["'a\\'b\"'", 'a\'b"'],
    ['`\\n`', '\\n'],
    ['"\\ufeffx"', '\ufeffx'],
  ])('reads the string %s', (query, value) => {
    expect(parse(query)).toMatchObject({ kind: 'StringLiteral', value });
  });

  it('reads a keyword as a name where it cannot be anything else', () => {
    for (const name of ['sum', 'by', 'offset', 'and', 'start', 'step', 'fill', 'anchored', 'max_of']) {
      expect(parse(`${name} + ${name}{a="b"}`)).toMatchObject({ left: { name }, right: { name } });
    }
    expect(parse('sum by (by, offset, atan2) (x)')).toMatchObject({ grouping: ['by', 'offset', 'atan2'] });
  });

  it('takes the matching off an operation with a scalar', () => {
    expect(parse('x + on() 1')).toMatchObject({ matching: { on: false, labels: [] } });
  });

  it.each([
    ['sort_by_label(x, "a")', 'experimentalFunctions', '1:1: parse error: function "sort_by_label" is not enabled'],
    [
      'limitk(1, x)',
      'experimentalFunctions',
      '1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
    ],
    ['x[1m + 1m]', 'durationExpressions', '1:3: parse error: experimental duration expression is not enabled'],
    ['x[1m] smoothed', 'extendedRangeSelectors', '1:1: parse error: smoothed modifier is experimental and not enabled'],
    ['x + fill(0) y', 'fillModifiers', '1:1: parse error: binop fill modifiers are experimental and not enabled'],
  ] as const)('refuses %s unless %s is on', (query, feature, message) => {
    expect(refusal(query, { ...SCRIPT_FEATURES, [feature]: false })?.message).toBe(message);
    expect(refusal(query)).toBeUndefined();
  });

  it('has the features of Prometheus without flags unless told otherwise', () => {
    expect(() => parse('x[1m + 1m]')).not.toThrow();
    expect(() => parse('x anchored')).toThrow('not enabled');
  });

  it.each([
    ['parentheses', `${'('.repeat(100_000)}x${')'.repeat(100_000)}`],
    ['signs', `${'-'.repeat(100_000)}x`],
    ['calls', `${'abs('.repeat(50_000)}x${')'.repeat(50_000)}`],
    ['powers', '2^'.repeat(50_000) + 2],
    ['operators in a row', `${'1+'.repeat(40_000)}1`],
    ['subqueries', `${'max_over_time('.repeat(50_000)}x${'[1m:])'.repeat(50_000)}`],
    ['durations', `x[${'('.repeat(100_000)}1m${')'.repeat(100_000)}]`],
    ['durations in a row', `x[${'1m+'.repeat(50_000)}1m]`],
  ])('does not overflow over too many %s', (_, query) => {
    expect(refusal(query)?.reason).toMatch(/^the expression is nested too deeply: more than (250|1000) levels$/);
  });

  it('accepts what a generated query may come to', () => {
    expect(refusal(`${'x or '.repeat(990)}x`)).toBeUndefined();
    expect(refusal(`${'('.repeat(240)}x${')'.repeat(240)}`)).toBeUndefined();
  });

  it('refuses a query of too many parts as soon as it has read so many', () => {
    const sum = `${'x+'.repeat(MAX_QUERY_LENGTH / 2 - 1)}x`;
    expect(refusal(sum)?.message).toBe(
      `1:${MAX_TOKENS + 1}: parse error: the query has too many parts: more than 100000 names, numbers, operators and the like`,
    );
    expect(refusal(`x{a=~"${'y|'.repeat(MAX_TOKENS)}"}`)).toBeUndefined();
  });

  it('refuses a query that is too long before it reads it', () => {
    expect(refusal('x'.repeat(MAX_QUERY_LENGTH + 1))?.reason).toContain('at most 1048576');
    expect(refusal('x'.repeat(MAX_QUERY_LENGTH))).toBeUndefined();
  });
});

describe('parseSelector', () => {
  it('reads a series selector and refuses more than that', () => {
    expect(parseSelector('up{job="a"}')).toEqual([
      { name: 'job', op: '=', value: 'a' },
      { name: '__name__', op: '=', value: 'up' },
    ]);
    expect(() => parseSelector('up offset 5m')).toThrow('1:4: parse error: unexpected <offset>');
    expect(() => parseSelector('')).toThrow('unknown position: parse error: unexpected end of input');
    expect(() => parseSelector('1')).toThrow('1:1: parse error: unexpected number "1"');
    expect(() => parseSelector('{a=""}')).toThrow('match[] must contain at least one non-empty matcher');
  });
});
