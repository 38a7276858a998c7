import type { IncidentSummary } from '@nightshift/server/api';
import { Link } from '@tanstack/react-router';
import { type Column, Table } from '../design/Table.tsx';
import { Tag } from '../design/Tag.tsx';
import { count, NONE } from '../figures/figure.ts';
import { stateTone } from '../figures/incident.ts';
import { duration, moment } from '../time/clock.ts';

const columns: Column<IncidentSummary>[] = [
  {
    name: 'Opened',
    sort: (row) => row.openedAt,
    show: (row) => <time dateTime={new Date(row.openedAt).toISOString()}>{moment(row.openedAt)}</time>,
  },
  {
    name: 'What',
    sort: (row) => row.title,
    show: (row) => (
      <>
        <Link to="/incidents/$id" params={{ id: row.id }}>
          {row.title}
        </Link>
        <div className="dim small">{`${row.id} · ${row.service} · ${row.environment}`}</div>
      </>
    ),
  },
  { name: 'State', sort: (row) => row.state, show: (row) => <Tag tone={stateTone(row.state)}>{row.state}</Tag> },
  { name: 'Versions', show: (row) => `${row.badVersion} → ${row.goodVersion ?? 'none to go back to'}` },
  { name: 'Users saw fail', number: true, sort: (row) => row.impact.visible, show: (row) => count(row.impact.visible) },
  { name: 'Saved', number: true, sort: (row) => row.impact.saved, show: (row) => count(row.impact.saved) },
  {
    name: 'Restored in',
    number: true,
    sort: (row) => row.impact.restoredMs,
    show: (row) => (row.impact.restoredMs === null ? NONE : duration(row.impact.restoredMs)),
  },
];

export function IncidentTable({ incidents }: { incidents: readonly IncidentSummary[] }) {
  return (
    <Table
      label="Incidents"
      columns={columns}
      rows={incidents}
      id={(row) => row.id}
      sortedBy={{ column: 'Opened', descending: true }}
    />
  );
}
