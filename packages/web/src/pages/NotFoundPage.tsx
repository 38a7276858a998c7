import { Link } from '@tanstack/react-router';
import { sentence } from '../design/Load.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';

export function NotFoundPage() {
  return (
    <main className="frame-main">
      <PageHead title="There is no page here" />
      <p className="lead">
        Nothing in Nightshift has the address <code className="break">{location.pathname}</code>.{' '}
        <Link to="/">See how production is</Link>, or <Link to="/incidents">look through the incidents</Link>.
      </p>
    </main>
  );
}

/** A page that threw while it was drawn: what it said, and the way on. */
export function CrashPage({ error }: { error: unknown }) {
  return (
    <main className="frame-main">
      <PageHead title="This page could not be drawn" />
      <Notice tone="bad">{sentence(error)}</Notice>
      <p className="lead">
        Production is not affected by this. <a href={location.href}>Load the page again</a> or go{' '}
        <a href="/">to the first page</a>.
      </p>
    </main>
  );
}
