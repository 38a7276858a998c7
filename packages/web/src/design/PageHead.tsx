import type { ReactNode } from 'react';

interface Props {
  /** The answer, as the page's heading. */
  title: string;
  /** What the browser's tab says; the heading unless given. */
  tab?: string;
  tag?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  lead?: ReactNode;
}

export function PageHead({ title, tab, tag, about, actions, lead }: Props) {
  return (
    <>
      <title>{`${tab ?? title} · Nightshift`}</title>
      <header className="head">
        <h1>{title}</h1>
        {tag}
        {about ? <span className="head-about">{about}</span> : null}
        {actions ? <div className="head-actions">{actions}</div> : null}
      </header>
      {lead ? <p className="lead">{lead}</p> : null}
    </>
  );
}
