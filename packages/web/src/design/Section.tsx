import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** An anchor that can be jumped to. */
  id?: string | undefined;
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, id, aside, children }: Props) {
  return (
    <section className="section" id={id} aria-label={title} tabIndex={id ? -1 : undefined}>
      <div className="section-head">
        <h2>{title}</h2>
        {aside === undefined ? null : <div className="section-aside">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
