import type { Span } from '../parser/ast.ts';
import { positionText } from '../parser/error.ts';

type Kind = 'warning' | 'info';

/** Figures of a remark that add up each time it is made again; they stand between its text and its position. */
export interface AnnotationDetail {
  readonly text: string;
  /** This one and the one before it as one. */
  after(earlier: AnnotationDetail): AnnotationDetail;
}

interface Annotation {
  readonly kind: Kind;
  readonly span: Span;
  readonly detail?: AnnotationDetail | undefined;
}

/** What a query has to say about its answer (prometheus util/annotations): each text once, whatever part of the query met it last. */
export class Annotations {
  private readonly all = new Map<string, Annotation>();

  /** Something made the answer doubtful or incomplete. */
  warn(text: string, span: Span, detail?: AnnotationDetail): void {
    this.add('warning', text, span, detail);
  }

  /** Something that may surprise, and need not be wrong. */
  info(text: string, span: Span, detail?: AnnotationDetail): void {
    this.add('info', text, span, detail);
  }

  private add(kind: Kind, text: string, span: Span, detail: AnnotationDetail | undefined): void {
    const key = `PromQL ${kind}: ${text}`;
    const known = this.all.get(key);
    if (detail && known?.detail) this.all.set(key, { ...known, detail: detail.after(known.detail) });
    else this.all.set(key, { kind, span, detail });
  }

  /** All of one kind as the API returns them: `PromQL info: … (1:5)`. */
  texts(kind: Kind, query: string): string[] {
    return [...this.all]
      .filter(([, each]) => each.kind === kind)
      .map(([text, { span, detail }]) => `${text}${detail?.text ?? ''} (${positionText(query, span.start)})`);
  }
}
