import { PromqlTypeError } from '../engine/errors.ts';
import type { Duration, DurationExpr, DurationOp, FixedDuration } from './ast.ts';

export const NO_DURATION: FixedDuration = { kind: 'fixed', ms: 0 };

const MAX_SECONDS = 2 ** 63 / 1e9;

/** What the moving parts of a duration stand for in one evaluation, in milliseconds. */
export interface DurationScope {
  /** 0 in an instant query. */
  readonly step: number;
  readonly range: number;
}

/**
 * Milliseconds of a duration, cut to whole ones as in Prometheus' promql/durations.go.
 * @throws PromqlTypeError if an expression comes to nothing that is a duration.
 */
export function resolveDuration(duration: Duration, scope: DurationScope): number {
  if (duration.kind === 'fixed') return duration.ms;
  const seconds = secondsOf(duration, scope);
  if (!Number.isFinite(seconds)) throw failure('duration is NaN or infinite', duration);
  if (Math.abs(seconds) > MAX_SECONDS) throw failure('duration is out of range', duration);
  return Math.trunc(seconds * 1000);
}

/** As `resolveDuration`, for a range or a step. @throws PromqlTypeError if it is not greater than 0. */
export function resolvePositive(duration: Duration, scope: DurationScope): number {
  if (duration.kind === 'fixed') return duration.ms;
  const seconds = secondsOf(duration, scope);
  if (seconds <= 0) throw failure('duration must be greater than 0', duration);
  return resolveDuration(duration, scope);
}

function failure(reason: string, { span }: DurationExpr): PromqlTypeError {
  return new PromqlTypeError(`${span.start}:${span.end}: ${reason}`);
}

function secondsOf(duration: Duration, scope: DurationScope): number {
  switch (duration.kind) {
    case 'fixed':
      return duration.seconds ?? duration.ms / 1000;
    case 'step':
      return scope.step / 1000;
    case 'range':
      return scope.range / 1000;
    case 'plus':
      return secondsOf(duration.operand, scope);
    case 'negate':
      return -secondsOf(duration.operand, scope);
    case 'operation': {
      const right = secondsOf(duration.right, scope);
      if (right === 0 && duration.op === '/') throw failure('division by zero', duration);
      if (right === 0 && duration.op === '%') throw failure('modulo by zero', duration);
      return OPERATIONS[duration.op](secondsOf(duration.left, scope), right);
    }
  }
}

const OPERATIONS: Readonly<Record<DurationOp, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': (left, right) => left ** right,
  min_of: Math.min,
  max_of: Math.max,
};
