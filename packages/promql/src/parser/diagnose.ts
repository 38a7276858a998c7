import type { SyntaxNode, Tree } from '@lezer/common';
import { PromqlParseError } from './error.ts';

const TOKEN =
  /#[^\n]*|\s+|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)|(?<number>(?:\d|\.\d)(?:[eE][+-]?\d|[\w.])*)|(?<word>[A-Za-z_:][\w:]*)|(?<op>==|!=|=~|!~|>=|<=|<\/|>\/|[-+*/%^<>@])|(?<mark>[=(){}[\],:])/y;

interface Token {
  readonly start: number;
  readonly text: string;
  readonly group: string;
}

const KEYWORDS = /^(and|or|unless|by|without|on|ignoring|group_left|group_right|bool|offset)$/i;

const CONTEXTS: Readonly<Record<string, string>> = {
  LabelMatchers: ' in label matching',
  UnquotedLabelMatcher: ' in label matching, expected string',
  QuotedLabelMatcher: ' in label matching, expected string',
  GroupingLabels: ' in grouping opts, expected label',
  AggregateModifier: ' in grouping opts, expected "("',
  MatrixSelector: ' in subquery or range selector, expected number, duration, step(), or range()',
  DurationExpr: ' in duration expression',
  OffsetExpr: ' in offset, expected number, duration, step(), or range()',
  StepInvariantExpr: ' in @, expected timestamp',
};

/** The error to report for a text that the grammar does not accept: the first token that does not fit, in Prometheus' words. */
export function diagnose(tree: Tree, query: string): PromqlParseError {
  const tokens = tokensOf(query);
  if (tokens.length === 0) return new PromqlParseError('no expression found in input', query, 0);
  const parens = parenthesisError(tokens, query);
  const error = firstError(tree.topNode);
  const unknown = unknownFunction(tokens, query, error.from);
  if (unknown) return unknown;
  if (parens) return parens;
  const token = tokens.find((each) => each.start >= error.from || each.start + each.text.length > error.from);
  const reason = token ? describe(token) : 'end of input';
  const context = error.parent ? (CONTEXTS[error.parent.name] ?? '') : '';
  return new PromqlParseError(`unexpected ${reason}${context}`, query, token?.start ?? query.length);
}

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  const scanner = new RegExp(TOKEN);
  for (let at = 0; at < query.length; at = scanner.lastIndex) {
    scanner.lastIndex = at;
    const found = scanner.exec(query);
    if (!found) throw lexicalError(query, at);
    const group = Object.entries(found.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
    if (group) tokens.push({ start: at, text: found[0], group });
  }
  return tokens;
}

function lexicalError(query: string, at: number): PromqlParseError {
  const char = String.fromCodePoint(query.codePointAt(at)!);
  if (char === '"' || char === "'") return new PromqlParseError('unterminated quoted string', query, at);
  if (char === '`') return new PromqlParseError('unterminated raw string', query, at);
  return new PromqlParseError(`unexpected character: '${char}'`, query, at);
}

function parenthesisError(tokens: readonly Token[], query: string): PromqlParseError | undefined {
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(') depth++;
    if (token.text === ')' && --depth < 0) {
      return new PromqlParseError("unexpected right parenthesis ')'", query, token.start + 1);
    }
  }
  return depth > 0 ? new PromqlParseError('unclosed left parenthesis', query, query.length) : undefined;
}

function unknownFunction(tokens: readonly Token[], query: string, errorAt: number): PromqlParseError | undefined {
  const index = tokens.findIndex((token) => token.start >= errorAt);
  const [name, open] = [tokens[index - 1], tokens[index]];
  if (open?.text !== '(' || name?.group !== 'word' || KEYWORDS.test(name.text)) return undefined;
  return new PromqlParseError(`unknown function with name "${name.text}"`, query, name.start);
}

function describe(token: Token): string {
  switch (token.group) {
    case 'op':
      return `<op:${token.text}>`;
    case 'word':
      return KEYWORDS.test(token.text) ? `<${token.text.toLowerCase()}>` : `identifier "${token.text}"`;
    case 'string':
      return `string ${token.text}`;
    case 'number':
      return `number "${token.text}"`;
    default:
      return `"${token.text}"`;
  }
}

/** The error node that begins first; of those at one place the innermost, whose parent says what was being read. */
function firstError(node: SyntaxNode): SyntaxNode {
  let found: SyntaxNode | undefined;
  node.cursor().iterate((ref) => {
    if (ref.type.isError && (!found || ref.from < found.from)) found = ref.node;
  });
  return found ?? node;
}
