import type { Duration } from '../parser/ast.ts';
import { UNITS } from '../parser/literals.ts';
import { formatValue } from '../result/format.ts';

/** Milliseconds in the largest units that fit: `1h30m`, and `90d` rather than `12w6d`. */
export function formatMilliseconds(ms: number): string {
  if (ms < 0) return `-${formatMilliseconds(-ms)}`;
  let rest = Math.trunc(ms);
  if (rest === 0) return '0s';
  let text = '';
  for (const [unit, size] of UNITS) {
    if ((unit === 'y' || unit === 'w') && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** A duration as it may stand in brackets. */
export function formatDuration(duration: Duration): string {
  if (duration.kind === 'fixed') {
    return duration.seconds === undefined ? formatMilliseconds(duration.ms) : formatValue(duration.seconds);
  }
  const text = formatOperation(duration);
  return duration.wrapped ? `(${text})` : text;
}

function formatOperation(duration: Exclude<Duration, { kind: 'fixed' }>): string {
  switch (duration.kind) {
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'plus':
      return formatDuration(duration.operand);
    case 'negate':
      return `-${formatDuration(duration.operand)}`;
    case 'operation': {
      const { op, left, right } = duration;
      const sides = [formatDuration(left), formatDuration(right)] as const;
      return op === 'min_of' || op === 'max_of' ? `${op}(${sides.join(', ')})` : sides.join(` ${op} `);
    }
  }
}

/**
 * A duration as it may stand after `offset`. What begins with a parenthesis or two signs goes on over the operators that
 * follow: an operation that does not begin so is put in parentheses, and where an arithmetic operator follows
 * (`guarded`) a sign closes what does. Prometheus does neither, and reads something else than it wrote.
 */
export function formatOffset(duration: Duration, guarded: boolean): string {
  const plain = formatDuration(duration);
  const isInfix = duration.kind === 'operation' && duration.op !== 'min_of' && duration.op !== 'max_of';
  const text = isInfix && !plain.startsWith('(') ? `(${plain})` : plain;
  if (!guarded || !/^(\(|-[-+])/.test(text)) return text;
  const isWrapped = text !== plain || (duration.kind !== 'fixed' && duration.wrapped);
  return isWrapped ? `+${text}` : `+(${text})`;
}
