import type { TimelineEntry } from '@nightshift/server/api';
import type { ReactNode } from 'react';
import { clock, moment } from '../time/clock.ts';

const TONES = { bad: 'Failure: ', good: 'Restored: ', lamp: 'Attention: ', plain: '' } as const;

/** What happened, oldest first; `links` draws what an entry's evidence leads to. */
export function Timeline({
  entries,
  links,
}: {
  entries: readonly TimelineEntry[];
  links: (entry: TimelineEntry) => ReactNode;
}) {
  return (
    <ol className="timeline">
      {entries.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever appended and have no id
        <li key={index} className={`timeline-${entry.tone}`}>
          <time dateTime={new Date(entry.at).toISOString()} title={moment(entry.at)}>
            {clock(entry.at, 1)}
          </time>
          <span className="timeline-dot" aria-hidden="true" />
          <div className="timeline-text">
            <span className="spoken">{TONES[entry.tone]}</span>
            <strong>{entry.title}</strong>
            {entry.detail === '' ? null : <div className="timeline-detail">{entry.detail}</div>}
            {entry.evidence.length === 0 ? null : <div className="timeline-links">{links(entry)}</div>}
          </div>
        </li>
      ))}
    </ol>
  );
}
