import type { SyntaxNode } from '@lezer/common';
import type { Duration, DurationOp } from './ast.ts';
import { PromqlParseError } from './error.ts';
import { numberOf } from './literals.ts';

export const NO_DURATION: Duration = { kind: 'fixed', ms: 0 };

const MAX_SECONDS = 2 ** 63 / 1e9;

/** What the moving parts of a duration stand for in one evaluation, in milliseconds. */
export interface DurationScope {
  readonly step: number;
  readonly range: number;
}

/** Milliseconds of a duration; `step()` is 0 in an instant query. */
export function resolveDuration(duration: Duration, scope: DurationScope): number {
  switch (duration.kind) {
    case 'fixed':
      return duration.ms;
    case 'step':
      return scope.step;
    case 'range':
      return scope.range;
    case 'negate':
      return -resolveDuration(duration.operand, scope);
    case 'operation':
      return apply(duration.op, resolveDuration(duration.left, scope), resolveDuration(duration.right, scope));
  }
}

/** Operands and result are milliseconds that stand for seconds, so `*`, `/` and `^` count in seconds. */
function apply(op: DurationOp, leftMs: number, rightMs: number): number {
  const left = leftMs / 1000;
  const right = rightMs / 1000;
  const seconds: Record<DurationOp, () => number> = {
    '+': () => left + right,
    '-': () => left - right,
    '*': () => left * right,
    '/': () => left / right,
    '%': () => left % right,
    '^': () => left ** right,
    min_of: () => Math.min(left, right),
    max_of: () => Math.max(left, right),
  };
  return Math.round(seconds[op]() * 1e6) / 1000;
}

/** Reads a DurationExpr or OffsetDurationExpr node of the grammar. Parts without `step()` and `range()` are folded. */
export function readDuration(node: SyntaxNode, query: string): Duration {
  const parts = childNodes(node);
  const [first, second, third] = parts;
  if (!first) return literal(node, query);
  if (first.name === 'DurationStep') return { kind: 'step' };
  if (first.name === 'DurationRange') return { kind: 'range' };
  if (first.name === 'DurationMinOf') return operation('min_of', second!, third!, query);
  if (first.name === 'DurationMaxOf') return operation('max_of', second!, third!, query);
  if (first.name === 'UnaryOp') {
    const operand = readDuration(second!, query);
    return query.slice(first.from, first.to) === '-' ? fold({ kind: 'negate', operand }) : operand;
  }
  if (first.name === 'NumberDurationLiteralInDurationContext') return literal(first, query);
  if (!second) return readDuration(first, query);
  return operation(query.slice(second.from, second.to) as DurationOp, first, third!, query);
}

function literal(node: SyntaxNode, query: string): Duration {
  const text = query.slice(node.from, node.to);
  const seconds = numberOf(text);
  if (seconds === undefined) throw new PromqlParseError(`not a valid duration string: "${text}"`, query, node.from);
  if (!(Math.abs(seconds) < MAX_SECONDS)) throw new PromqlParseError('duration out of range', query, node.from);
  return { kind: 'fixed', ms: Math.round(seconds * 1e6) / 1000 };
}

function operation(op: DurationOp, leftNode: SyntaxNode, rightNode: SyntaxNode, query: string): Duration {
  const left = readDuration(leftNode, query);
  const right = readDuration(rightNode, query);
  if (right.kind === 'fixed' && right.ms === 0 && (op === '/' || op === '%')) {
    throw new PromqlParseError(op === '/' ? 'division by zero' : 'modulo by zero', query, rightNode.from);
  }
  return fold({ kind: 'operation', op, left, right });
}

function fold(duration: Duration): Duration {
  const isFixed =
    (duration.kind === 'negate' && duration.operand.kind === 'fixed') ||
    (duration.kind === 'operation' && duration.left.kind === 'fixed' && duration.right.kind === 'fixed');
  return isFixed ? { kind: 'fixed', ms: resolveDuration(duration, { step: 0, range: 0 }) } : duration;
}

export function childNodes(node: SyntaxNode): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name !== 'LineComment') nodes.push(child);
  }
  return nodes;
}
