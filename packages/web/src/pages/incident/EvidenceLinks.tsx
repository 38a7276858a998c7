import type { Incident, TimelineEntry } from '@nightshift/server/api';
import { Link } from '@tanstack/react-router';
import { evidenceTarget } from './anchors.ts';
import { jumpTo } from './jump.ts';

/** Links from an entry of the timeline to what it rests on. */
export function EvidenceLinks({ entry, incident }: { entry: TimelineEntry; incident: Incident }) {
  return entry.evidence.map((evidence) => {
    const target = evidenceTarget(evidence, incident);
    const key = `${evidence.kind} ${evidence.id} ${evidence.label}`;
    if ('trace' in target) {
      return (
        <Link key={key} to="/traces/$id" params={{ id: target.trace }}>
          {evidence.label}
        </Link>
      );
    }
    return (
      <a
        key={key}
        href={`#${encodeURIComponent(target.anchor)}`}
        onClick={(event) => {
          event.preventDefault();
          if (jumpTo(target.anchor)) history.replaceState(history.state, '', `#${encodeURIComponent(target.anchor)}`);
        }}
      >
        {evidence.label}
      </a>
    );
  });
}
