import { SIGNATURES } from '../functions/signatures.ts';
import type { AggregateExpr, AggregateOp, Call, Expr, NumberLiteral, Span } from './ast.ts';
import { parseBinary } from './binary.ts';
import { type Literal, parseLiteral } from './durationExpr.ts';
import { parseModifiers } from './modifiers.ts';
import { contentOf, parseGrouping } from './names.ts';
import { quote } from './quote.ts';
import { parseBracesSelector, parseNamedSelector } from './selectors.ts';
import type { TokenStream } from './tokenStream.ts';
import {
  AGGREGATIONS,
  AGGREGATIONS_WITH_PARAMETER,
  EXPERIMENTAL_AGGREGATIONS,
  METRIC_NAMES,
  OPERAND_STARTS,
  PREPROCESSORS,
  SIGN_PRECEDENCE,
  type Token,
} from './tokens.ts';

/** An expression of operators that bind at least as tightly as `least`. */
export function parseExpr(stream: TokenStream, least: number): Expr {
  stream.enter();
  const expr = parseBinary(stream, parseUnary(stream), least);
  stream.leave();
  return expr;
}

function parseUnary(stream: TokenStream): Expr {
  const kind = stream.peek();
  if (kind !== '+' && kind !== '-') return parseModifiers(stream, parseOperand(stream));
  const { start } = stream.take();
  const expr = parseExpr(stream, SIGN_PRECEDENCE + 1);
  const span = { start, end: expr.span.end };
  if (expr.kind === 'NumberLiteral') return { ...expr, span, value: kind === '-' ? -expr.value : expr.value };
  stream.height++;
  return { kind: 'UnaryExpr', span, op: kind, expr };
}

function parseOperand(stream: TokenStream): Expr {
  for (;;) {
    const kind = stream.peek();
    stream.height = 1;
    switch (kind) {
      case 'number':
      case 'duration':
        return numberLiteral(parseLiteral(stream));
      case 'string': {
        const token = stream.take();
        return { kind: 'StringLiteral', span: spanOf(token), value: contentOf(stream, token) };
      }
      case '(':
        return parseParens(stream);
      case '{':
        return parseBracesSelector(stream);
      default:
        if (METRIC_NAMES.has(kind)) return parseNamed(stream);
        stream.mismatch();
    }
  }
}

export function numberLiteral({ seconds, duration, span }: Literal): NumberLiteral {
  return { kind: 'NumberLiteral', span, value: seconds, ...(duration ? { duration: true } : {}) };
}

function spanOf({ start, end }: Span): Span {
  return { start, end };
}

function parseParens(stream: TokenStream): Expr {
  const { start } = stream.take();
  let expr = parseExpr(stream, 0);
  while (stream.peek() !== ')') {
    stream.mismatch();
    expr = parseBinary(stream, parseModifiers(stream, expr), 0);
  }
  const { end } = stream.take();
  stream.height++;
  return { kind: 'ParenExpr', span: { start, end }, expr };
}

/** What begins with a word: a call, an aggregation or a selector. */
function parseNamed(stream: TokenStream): Expr {
  const name = stream.take();
  const next = stream.peek();
  if (AGGREGATIONS.has(name.kind)) {
    if (next === '(' || next === 'by' || next === 'without') return parseAggregate(stream, name);
  } else if (next === '(' && (name.kind === 'identifier' || PREPROCESSORS.has(name.kind))) {
    return parseCall(stream, name);
  }
  return parseNamedSelector(stream, name);
}

function parseCall(stream: TokenStream, name: Token): Call {
  const args = parseArguments(stream);
  const func = stream.text(name);
  const signature = SIGNATURES.get(func);
  if (!signature) {
    stream.refuse(`unknown function with name ${quote(func)}`, name);
  } else if (signature.experimental) {
    stream.requires('experimentalFunctions', `function ${quote(func)} is not enabled`, name);
  }
  return { kind: 'Call', span: { start: name.start, end: stream.lastClosing }, func, args };
}

/** Arguments in parentheses; afterwards the stream's height is that of a node above them. */
function parseArguments(stream: TokenStream): Expr[] {
  const args: Expr[] = [];
  let height = 0;
  const parseArgument = () => {
    args.push(parseExpr(stream, 0));
    height = Math.max(height, stream.height);
  };
  stream.expect('(');
  if (stream.peek() !== ')') parseArgument();
  while (stream.peek() !== ')') {
    if (stream.peek() !== ',') {
      stream.mismatch();
      continue;
    }
    const comma = stream.take();
    if (OPERAND_STARTS.has(stream.peek())) parseArgument();
    else stream.refuse('trailing commas not allowed in function call args', comma);
  }
  stream.take();
  stream.height = height + 1;
  return args;
}

interface Modifier {
  readonly without: boolean;
  readonly grouping: readonly string[];
}

const NO_MODIFIER: Modifier = { without: false, grouping: [] };

function parseAggregate(stream: TokenStream, name: Token): AggregateExpr {
  return stream.recoverable<AggregateExpr>(
    () => {
      const before = parseModifier(stream);
      const args = parseArguments(stream);
      const { height, lastClosing } = stream;
      if (before) return aggregate(stream, name, before, args, lastClosing);
      const after = parseModifier(stream);
      stream.height = height;
      const end = !after && stream.peek() === ')' ? lastClosing : stream.lastClosing;
      return aggregate(stream, name, after ?? NO_MODIFIER, args, end);
    },
    () => {
      stream.report('aggregation');
      return aggregate(stream, name, NO_MODIFIER, [], stream.lastClosing);
    },
  );
}

function parseModifier(stream: TokenStream): Modifier | undefined {
  const kind = stream.peek();
  if (kind !== 'by' && kind !== 'without') return undefined;
  stream.take();
  return { without: kind === 'without', grouping: parseGrouping(stream) };
}

/** Stands in a tree that is refused. */
const MISSING: NumberLiteral = { kind: 'NumberLiteral', span: { start: 0, end: 0 }, value: 0 };

function aggregate(
  stream: TokenStream,
  { kind, start }: Token,
  modifier: Modifier,
  args: readonly Expr[],
  end: number,
): AggregateExpr {
  const span = { start, end };
  checkArguments(stream, kind, args.length, span);
  const parameter = AGGREGATIONS_WITH_PARAMETER.has(kind) ? { param: args[0] ?? MISSING } : {};
  const expr = args.at(-1) ?? MISSING;
  return { kind: 'AggregateExpr', span, op: kind as AggregateOp, expr, ...parameter, ...modifier };
}

function checkArguments(stream: TokenStream, op: string, count: number, span: Span): void {
  if (count === 0) {
    stream.refuse('no arguments for aggregate expression provided', span);
    return;
  }
  const off = `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`;
  if (EXPERIMENTAL_AGGREGATIONS.has(op) && !stream.requires('experimentalFunctions', off, span)) return;
  const wanted = AGGREGATIONS_WITH_PARAMETER.has(op) ? 2 : 1;
  if (count === wanted) return;
  stream.refuse(`wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${count}`, span);
}
