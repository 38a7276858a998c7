import type { Expr } from '../parser/ast.ts';
import { aggregateHead, Formatter, isArithmetic, operatorText, subquerySuffix } from './format.ts';

const MAX_LINE = 100;

/**
 * The expression over as many lines as it takes for none to be longer than `maxLine` bytes, where that can be had by
 * breaking between its parts. The layout is that of Prometheus' promql/parser/prettier.go.
 */
export function prettyPrint(expr: Expr, maxLine = MAX_LINE): string {
  return new PrettyPrinter(maxLine).print(expr, 0);
}

class PrettyPrinter {
  private readonly maxLine: number;
  private readonly formatter = new Formatter();

  constructor(maxLine: number) {
    this.maxLine = maxLine;
  }

  /** `guarded` as for the formatter. */
  print(expr: Expr, level: number, guarded = false): string {
    const indent = '  '.repeat(level);
    switch (expr.kind) {
      case 'UnaryExpr':
        return indent + expr.op + this.print(expr.expr, level, guarded).trim();
      case 'Subquery':
        // Prometheus indents a subquery only if it breaks it.
        if (this.fits(expr)) return this.formatter.format(expr, guarded);
        return this.print(expr.expr, level) + subquerySuffix(expr, guarded);
      default:
        return this.fits(expr)
          ? indent + (this.formatter.format(expr, guarded) || '{}')
          : this.split(expr, level, indent, guarded);
    }
  }

  private split(expr: Expr, level: number, indent: string, guarded: boolean): string {
    const lines = (parts: readonly Expr[]) => parts.map((part) => this.print(part, level + 1)).join(',\n');
    switch (expr.kind) {
      case 'AggregateExpr': {
        const parts = expr.param ? [expr.param, expr.expr] : [expr.expr];
        return `${indent}${aggregateHead(expr)}(\n${lines(parts)}\n${indent})`;
      }
      case 'Call':
        return `${indent}${expr.func}(\n${lines(expr.args)}\n${indent})`;
      case 'ParenExpr':
        return `${indent}(\n${lines([expr.expr])}\n${indent})`;
      case 'BinaryExpr': {
        const left = this.print(expr.left, level + 1, isArithmetic(expr.op));
        return `${left}\n${indent}${operatorText(expr)}\n${this.print(expr.right, level + 1, guarded)}`;
      }
      default:
        return indent + this.formatter.format(expr, guarded);
    }
  }

  private fits(expr: Expr): boolean {
    const text = this.formatter.format(expr);
    return text.length <= this.maxLine && new TextEncoder().encode(text).length <= this.maxLine;
  }
}
