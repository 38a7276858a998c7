import type { BinaryExpr, BinaryOp, Expr, VectorMatching } from './ast.ts';
import { isSetOperation } from './check.ts';
import { parseSigned } from './durationExpr.ts';
import { parseExpr } from './expressions.ts';
import { parseGrouping } from './names.ts';
import type { TokenStream } from './tokenStream.ts';
import { OPERAND_STARTS, PRECEDENCE } from './tokens.ts';

/** The operators that follow an operand and bind at least as tightly as `least`, with their right sides. */
export function parseBinary(stream: TokenStream, first: Expr, least: number): Expr {
  let left = first;
  for (;;) {
    const kind = stream.peek();
    const precedence = PRECEDENCE.get(kind);
    if (precedence === undefined || precedence < least) return left;
    const { height } = stream;
    stream.take();
    const op = kind as BinaryOp;
    const modifiers = parseOperatorModifiers(stream, op);
    const right = parseExpr(stream, op === '^' ? precedence : precedence + 1);
    stream.height = Math.max(height, stream.height) + 1;
    const span = { start: left.span.start, end: right.span.end };
    const { fillLeft, fillRight } = modifiers.matching;
    if ((fillLeft ?? fillRight) !== undefined) {
      stream.requires('fillModifiers', 'binop fill modifiers are experimental and not enabled', span);
    }
    left = { kind: 'BinaryExpr', span, op, left, right, ...modifiers };
  }
}

function parseOperatorModifiers(stream: TokenStream, op: BinaryOp): Pick<BinaryExpr, 'bool' | 'matching'> {
  const bool = stream.peek() === 'bool';
  if (bool) stream.take();
  return { bool, matching: { ...parseMatching(stream, op), ...parseFill(stream) } };
}

function parseMatching(stream: TokenStream, op: BinaryOp): VectorMatching {
  const card = isSetOperation(op) ? 'many-to-many' : 'one-to-one';
  const kind = stream.peek();
  if (kind !== 'on' && kind !== 'ignoring') return { card, on: false, labels: [], include: [] };
  stream.take();
  const on = kind === 'on';
  const labels = parseGrouping(stream);
  const group = stream.peek();
  if (group !== 'group_left' && group !== 'group_right') return { card, on, labels, include: [] };
  stream.take();
  const next = stream.peek();
  const listed = next === '(' || !OPERAND_STARTS.has(next);
  const include = listed ? parseGrouping(stream) : [];
  return { card: group === 'group_left' ? 'many-to-one' : 'one-to-many', on, labels, include };
}

function parseFill(stream: TokenStream): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
  const kind = stream.peek();
  if (kind === 'fill') {
    const fill = parseFillValue(stream);
    return { fillLeft: fill, fillRight: fill };
  }
  if (kind === 'fill_left') {
    const fillLeft = parseFillValue(stream);
    return stream.peek() === 'fill_right' ? { fillLeft, fillRight: parseFillValue(stream) } : { fillLeft };
  }
  if (kind === 'fill_right') {
    const fillRight = parseFillValue(stream);
    return stream.peek() === 'fill_left' ? { fillLeft: parseFillValue(stream), fillRight } : { fillRight };
  }
  return {};
}

function parseFillValue(stream: TokenStream): number {
  stream.take();
  stream.expect('(');
  const { seconds } = parseSigned(stream);
  stream.expect(')');
  return seconds;
}
