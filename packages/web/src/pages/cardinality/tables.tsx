import type { CardinalityLabel, CardinalityMetric, CardinalityPair, CardinalityService } from '@nightshift/server/api';
import { Link } from '@tanstack/react-router';
import { Sparkline } from '../../design/Sparkline.tsx';
import { type Column, Table } from '../../design/Table.tsx';
import { count, NONE, percent, rate } from '../../figures/figure.ts';
import { total } from './answer.ts';
import { metricSelector, pairSelector, written } from './remedies.ts';

/** Into what a selector chooses. */
function Into({ match, children }: { match: string; children: string }) {
  return (
    <Link to="/cardinality" search={{ match }} className="mono break">
      {written(children)}
    </Link>
  );
}

const name: Column<CardinalityMetric> = {
  name: 'Metric',
  sort: (row) => row.name,
  show: (row) => <Into match={metricSelector(row.name)}>{row.name || '(no name)'}</Into>,
};
const sender: Column<CardinalityMetric> = {
  name: 'Service',
  sort: (row) => row.service,
  show: (row) => (
    <span className="break">
      {written(row.service || NONE) + (row.services > 1 ? ` and ${row.services - 1} more` : '')}
    </span>
  ),
};

export function MetricTable({ metrics, all }: { metrics: readonly CardinalityMetric[]; all: number }) {
  return (
    <Table
      label="Metrics"
      rows={metrics}
      id={(row) => row.name}
      columns={[
        name,
        { name: 'Series', number: true, sort: (row) => row.series, show: (row) => count(row.series) },
        { name: 'Share', number: true, sort: (row) => row.series, show: (row) => percent(row.series / all) },
        {
          name: 'Samples/s',
          number: true,
          sort: (row) => row.samplesPerSecond,
          show: (row) => rate(row.samplesPerSecond),
        },
        {
          name: 'Multiplied by',
          show: (row) => (
            <span className="break">
              {row.labels
                .slice(0, 3)
                .map((label) => `${written(label.name)} (${count(label.values)})`)
                .join(' × ') || NONE}
            </span>
          ),
        },
        sender,
      ]}
    />
  );
}

export function GrowthTable({ metrics, hours }: { metrics: readonly CardinalityMetric[]; hours: readonly number[] }) {
  const none = hours.map(() => null);
  return (
    <Table
      label="Growing metrics"
      rows={metrics}
      id={(row) => row.name}
      columns={[
        name,
        {
          name: 'New in 24 hours',
          number: true,
          sort: (row) => total(row.newSeries),
          show: (row) => count(total(row.newSeries)),
        },
        {
          name: 'This hour',
          number: true,
          sort: (row) => row.newSeries.at(-1) ?? 0,
          show: (row) => count(row.newSeries.at(-1) ?? 0),
        },
        {
          name: 'By the hour',
          show: (row) => (
            <Sparkline
              t={hours}
              rate={row.newSeries}
              errors={none}
              label={`New series of ${written(row.name)} by the hour`}
            />
          ),
        },
        sender,
      ]}
    />
  );
}

export function ServiceTable({ services }: { services: readonly CardinalityService[] }) {
  return (
    <Table
      label="Services"
      rows={services}
      id={(row) => row.service}
      columns={[
        {
          name: 'Service',
          sort: (row) => row.service,
          show: (row) => <span className="break">{row.service === '' ? 'does not say' : written(row.service)}</span>,
        },
        { name: 'Series', number: true, sort: (row) => row.series, show: (row) => count(row.series) },
        {
          name: 'Samples/s',
          number: true,
          sort: (row) => row.samplesPerSecond,
          show: (row) => rate(row.samplesPerSecond),
        },
        { name: 'New in 24 hours', number: true, sort: (row) => row.newSeries, show: (row) => count(row.newSeries) },
      ]}
    />
  );
}

export function LabelTable({ labels }: { labels: readonly CardinalityLabel[] }) {
  return (
    <Table
      label="Labels"
      rows={labels}
      id={(row) => row.name}
      columns={[
        {
          name: 'Label',
          sort: (row) => row.name,
          show: (row) => <span className="mono break">{written(row.name)}</span>,
        },
        { name: 'Values', number: true, sort: (row) => row.values, show: (row) => count(row.values) },
        { name: 'Series', number: true, sort: (row) => row.series, show: (row) => count(row.series) },
        {
          name: 'Most series have',
          show: (row) => (
            <span className="break">
              {row.top
                .slice(0, 3)
                .map(({ value, series }) => `${written(value)} (${count(series)})`)
                .join(', ')}
            </span>
          ),
        },
      ]}
    />
  );
}

export function PairTable({ pairs, all }: { pairs: readonly CardinalityPair[]; all: number }) {
  return (
    <Table
      label="Label values"
      rows={pairs}
      id={(row) => `${row.name}=${row.value}`}
      columns={[
        {
          name: 'Label and value',
          sort: (row) => row.name,
          show: (row) => (
            <Into match={pairSelector(row.name, row.value)}>{`${row.name}=${JSON.stringify(row.value)}`}</Into>
          ),
        },
        { name: 'Series', number: true, sort: (row) => row.series, show: (row) => count(row.series) },
        { name: 'Share', number: true, sort: (row) => row.series, show: (row) => percent(row.series / all) },
      ]}
    />
  );
}
