import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiFailure } from '../api/http.ts';
import { clock } from '../time/clock.ts';
import { Button } from './Button.tsx';
import { Notice } from './Notice.tsx';

/**
 * A query in each of its states: nothing for 200 ms, then a placeholder; the data; the data with a word that it is
 * stale; what failed and how to try again; what the person has no right to.
 */
export function Load<T>({
  query,
  what,
  children,
}: {
  query: UseQueryResult<T>;
  what: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError ? (
          <Notice tone="lamp">{`${sentence(query.error)} Shown: ${what} as of ${clock(query.dataUpdatedAt)}.`}</Notice>
        ) : null}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Failed error={query.error} what={what} retry={() => void query.refetch()} />;
  return (
    <div className="pending" role="status">
      <span className="spoken">{`Loading ${what}`}</span>
      <i style={{ width: '38%' }} />
      <i style={{ width: '92%' }} />
      <i style={{ width: '71%' }} />
    </div>
  );
}

export function Failed({ error, what, retry }: { error: unknown; what: string; retry?: () => void }) {
  const status = error instanceof ApiFailure ? error.status : 0;
  const title =
    status === 403
      ? `You may not see ${what}.`
      : status === 404
        ? `There is no such thing as ${what} here.`
        : `Could not load ${what}.`;
  return (
    <Notice tone={status === 403 || status === 404 ? 'lamp' : 'bad'}>
      <span>
        <strong>{title}</strong> {sentence(error)}
      </span>
      {retry && status !== 403 ? <Button onClick={retry}>Try again</Button> : null}
    </Notice>
  );
}

export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
