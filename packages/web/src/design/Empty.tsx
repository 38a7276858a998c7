import type { ReactNode } from 'react';
import { CopyLine } from './CopyLine.tsx';

/** Says that there is nothing, what would fill it, and gives the line to copy. */
export function Empty({ title, children, line }: { title: string; children?: ReactNode; line?: string }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children ? <p className="dim">{children}</p> : null}
      {line ? <CopyLine line={line} /> : null}
    </div>
  );
}
