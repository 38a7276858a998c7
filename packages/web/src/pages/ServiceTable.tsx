import type { ServiceSummary } from '@nightshift/server/api';
import { Link } from '@tanstack/react-router';
import { Sparkline } from '../design/Sparkline.tsx';
import { type Column, Table } from '../design/Table.tsx';
import { Tag } from '../design/Tag.tsx';
import { millis, NONE, percent, rate } from '../figures/figure.ts';

const name: Column<ServiceSummary> = {
  name: 'Service',
  sort: (row) => row.service,
  show: (row) => (
    <span className="row">
      <Link to="/logs" search={{ service: row.service }} title={`Logs of ${row.service}`}>
        {row.service}
      </Link>
      {row.openIncident === null ? null : (
        <Link to="/incidents/$id" params={{ id: row.openIncident }}>
          <Tag tone="bad">{row.openIncident}</Tag>
        </Link>
      )}
    </span>
  ),
};

const figures: Column<ServiceSummary>[] = [
  { name: 'Version', sort: (row) => row.liveVersion, show: (row) => row.liveVersion ?? NONE },
  {
    name: 'Requests/s',
    number: true,
    sort: (row) => row.requestsPerSecond,
    show: (row) => rate(row.requestsPerSecond),
  },
  {
    name: 'Failed',
    number: true,
    sort: (row) => row.errorRatio,
    show: (row) => (
      <span className={(row.errorRatio ?? 0) > 0.01 ? 'table-bad' : undefined}>{percent(row.errorRatio)}</span>
    ),
  },
  { name: 'p50', number: true, sort: (row) => row.p50Ms, show: (row) => millis(row.p50Ms) },
  { name: 'p99', number: true, sort: (row) => row.p99Ms, show: (row) => millis(row.p99Ms) },
  { name: 'Traffic', show: (row) => <Sparkline {...row.spark} label={sparkWords(row)} /> },
];

const place: Column<ServiceSummary>[] = [
  { name: 'Environment', sort: (row) => row.environment, show: (row) => row.environment || NONE },
  {
    name: 'Address',
    show: (row) =>
      row.url !== null && /^https?:\/\//.test(row.url) ? <a href={row.url}>{row.url}</a> : (row.url ?? NONE),
  },
];

function sparkWords(row: ServiceSummary): string {
  const failed = row.spark.errors.filter((share) => (share ?? 0) > 0).length;
  return failed === 0
    ? `Traffic of ${row.service}, no failures`
    : `Traffic of ${row.service}, failures in ${failed} of ${row.spark.t.length} steps`;
}

/** The services of the range, as the first page and the services page show them. */
export function ServiceTable({ services, full }: { services: readonly ServiceSummary[]; full?: boolean }) {
  return (
    <Table
      label="Services"
      columns={full ? [name, ...figures, ...place] : [name, ...figures]}
      rows={services}
      id={(row) => `${row.service} ${row.environment}`}
      sortedBy={{ column: 'Service', descending: false }}
    />
  );
}
