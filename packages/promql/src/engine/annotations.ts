import type { Span } from '../parser/ast.ts';
import { positionText } from '../parser/error.ts';

type Kind = 'warning' | 'info';

interface Annotation {
  readonly kind: Kind;
  readonly span: Span;
  /** Made again when the same text is met once more, for texts that carry figures. */
  readonly details?: () => string;
}

/** What a query has to say about its answer (prometheus util/annotations): each text once, whatever part of the query met it last. */
export class Annotations {
  private readonly all = new Map<string, Annotation>();

  /** Something made the answer doubtful or incomplete. */
  warn(text: string, span: Span): void {
    this.add('warning', text, span);
  }

  /** Something that may surprise, and need not be wrong. */
  info(text: string, span: Span): void {
    this.add('info', text, span);
  }

  /** `details` is asked for at the end, for what is known only then; it goes between the text and the position. */
  add(kind: Kind, text: string, span: Span, details?: () => string): void {
    this.all.set(`PromQL ${kind}: ${text}`, { kind, span, ...(details ? { details } : {}) });
  }

  /** All of one kind as the API returns them: `PromQL info: … (1:5)`. */
  texts(kind: Kind, query: string): string[] {
    return [...this.all]
      .filter(([, each]) => each.kind === kind)
      .map(([text, { span, details }]) => `${text}${details?.() ?? ''} (${positionText(query, span.start)})`);
  }
}
