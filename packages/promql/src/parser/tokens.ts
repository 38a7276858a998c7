import { quote } from './quote.ts';

/**
 * What a token is: a mark, an operator or keyword by its own (lower-case) text, or one of
 * - `identifier`, `metric` (an identifier with a colon), `number`, `duration`, `string` (with its quotes);
 * - `eof`; then `stop`, after which nothing comes. A lexical error stops the stream as well.
 */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

export const AGGREGATIONS = words(
  'avg bottomk count count_values group limit_ratio limitk max min quantile stddev stdvar sum topk',
);
export const AGGREGATIONS_WITH_PARAMETER = words('bottomk count_values limit_ratio limitk quantile topk');
export const EXPERIMENTAL_AGGREGATIONS = words('limit_ratio limitk');
/** Names that are functions, moments of `@`, or parts of a duration. */
export const PREPROCESSORS = words('start end step range max_of min_of');
export const MATCH_OPERATORS = words('= != =~ !~');

const SET_OPERATORS = 'and or unless';
const WORD_OPERATORS = words(`${SET_OPERATORS} atan2`);
const SYMBOL_OPERATORS = words('+ - * / % ^ == != <= < >= > </ >/ =~ !~ @');
const MODIFIERS = words(
  'offset smoothed anchored by without on ignoring group_left group_right fill fill_left fill_right bool',
);

/** Words that the lexer does not take for identifiers, in any case of letters. `inf` and `nan` are numbers. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...WORD_OPERATORS,
  ...AGGREGATIONS,
  ...MODIFIERS,
  ...PREPROCESSORS,
]);

/** Keywords that are a metric's name where an operand is expected. */
export const METRIC_NAMES: ReadonlySet<string> = new Set([
  ...words(`identifier metric by without offset anchored smoothed fill fill_left fill_right ${SET_OPERATORS}`),
  ...AGGREGATIONS,
  ...PREPROCESSORS,
]);

/** What is a label's name in `by (…)` and its like; strings come on top. */
export const GROUPING_NAMES: ReadonlySet<string> = new Set(
  [...KEYWORDS, 'identifier', 'metric'].filter((word) => word !== 'without'),
);

/** What an expression can begin with. */
export const OPERAND_STARTS: ReadonlySet<string> = new Set([
  ...METRIC_NAMES,
  ...words('( { + - number duration string'),
]);

/** How tightly the binary operators bind; only `^` associates to the right. */
export const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['or', 1],
  ...['and', 'unless'].map((op) => [op, 2] as const),
  ...['==', '!=', '<=', '<', '>=', '>', '</', '>/'].map((op) => [op, 3] as const),
  ...['+', '-'].map((op) => [op, 4] as const),
  ...['*', '/', '%', 'atan2'].map((op) => [op, 5] as const),
  ['^', 6],
]);

/** A sign binds like a multiplication: `-1^2` is `-(1^2)`. */
export const SIGN_PRECEDENCE = 5;

/** What a parse error calls a token that it did not expect, in Prometheus' words. */
export function describeToken(kind: TokenKind, text: string): string {
  if (kind === 'eof') return 'end of input';
  if (kind === 'identifier') return `identifier ${quote(text)}`;
  if (kind === 'metric') return `metric identifier ${quote(text)}`;
  if (MODIFIERS.has(kind)) return `<${text}>`;
  if (WORD_OPERATORS.has(kind) || SYMBOL_OPERATORS.has(kind)) return `<op:${text}>`;
  if (AGGREGATIONS.has(kind)) return `<aggr:${text}>`;
  const described =
    new TextEncoder().encode(text).length > 10 ? `${quote([...text].slice(0, 10).join(''))}...` : quote(text);
  return kind === 'number' || kind === 'duration' || kind === 'string' ? `${kind} ${described}` : described;
}
