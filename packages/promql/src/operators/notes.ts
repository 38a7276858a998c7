import type { Evaluation } from '../engine/evaluation.ts';
import type { BinaryExpr } from '../parser/ast.ts';
import type { Note } from './elements.ts';

/** The notes of an operation: of each step only the last one is heard, as Prometheus evaluates step by step. */
export class StepNotes {
  private readonly last = new Map<number, Note>();

  add(step: number, note: Note): void {
    this.last.set(step, note);
  }

  annotate(expr: BinaryExpr, { annotations }: Evaluation): void {
    for (const { kind, text } of this.last.values()) {
      if (kind === 'info') annotations.info(text, expr.span);
      else annotations.warn(text, expr.span);
    }
  }
}
