/** The tables of the page, one for each kind of row. */

import type { RouteRow } from '../history.ts';
import type { ExportStatus, FallbackRow, KindRow, NotableRow, PoolRow } from '../snapshot.ts';
import { spark } from './chart.ts';
import { el, foreign } from './dom.ts';
import { clock, count, decimal, duration, share } from './format.ts';
import { type Column, Table } from './table.ts';

const numeric = <Row>(
  head: string,
  value: (row: Row) => number | null,
  show: (value: number) => string,
): Column<Row> => ({
  head,
  number: true,
  by: (row) => value(row) ?? -1,
  cell: (row) => {
    const found = value(row);
    return found === null ? '–' : show(found);
  },
});

const seconds = <Row>(head: string, value: (row: Row) => number | null) => numeric(head, value, duration);

const named = <Row extends { readonly name: string }>(head: string): Column<Row> => ({
  head,
  name: true,
  by: ({ name }) => name,
  cell: ({ name }) => foreign(name),
});

const failures = <Row extends { readonly count: number; readonly failed: number }>(): Column<Row> => ({
  head: 'Failed',
  number: true,
  by: ({ failed }) => failed,
  cell: ({ failed, count: all }) =>
    failed > 0 ? el('span', { class: 'tag bad' }, `${count(failed)} · ${share(failed, all)}`) : '0',
});

export type RouteLine = RouteRow & { readonly perSecond: number };

export const routeTable = () =>
  new Table<RouteLine>(
    'Requests by route',
    [
      named('Route'),
      numeric('Requests/s', ({ perSecond }) => perSecond, decimal),
      numeric('Requests', (row) => row.count, count),
      failures(),
      seconds('p50', ({ p50 }) => p50),
      seconds('p95', ({ p95 }) => p95),
      seconds('p99', ({ p99 }) => p99),
    ],
    'No request in this time.',
  );

export type KindLine = KindRow & { readonly perSecond: readonly number[]; readonly target: number };

/** What share of a kind is kept, in words. */
export function samplingOf({ rate, minimum, target }: Pick<KindLine, 'rate' | 'minimum' | 'target'>): string {
  const aim = target > 0 ? ` (aiming at ${decimal(target)} a second)` : '';
  if (rate >= 1) return `every one${aim}`;
  const part = rate === 0 ? 'none' : `${decimal(rate * 100)} %`;
  return `${part}${aim}, but ${count(minimum)} a minute at least, and all that fail or are slow`;
}

export const kindTable = () =>
  new Table<KindLine>(
    'Operations by kind',
    [
      {
        head: 'Kind',
        name: true,
        by: ({ kind }) => kind,
        cell: ({ kind, rate }) =>
          rate < 1 ? el('span', {}, foreign(kind), ' ', el('span', { class: 'tag lamp' }, 'sample')) : foreign(kind),
      },
      { head: 'A second', cell: ({ perSecond }) => spark(perSecond) },
      numeric('Since start', ({ total }) => total.count, count),
      {
        head: 'Failed',
        number: true,
        by: ({ total }) => total.failed,
        cell: ({ total }) => (total.failed > 0 ? el('span', { class: 'tag bad' }, count(total.failed)) : '0'),
      },
      numeric('Kept', ({ kept }) => kept, count),
      { head: 'What is kept', words: true, cell: samplingOf },
      seconds('Average', ({ recent }) => recent.average),
      seconds('Least', ({ recent }) => recent.minimum),
      seconds('Most', ({ recent }) => recent.maximum),
      seconds('p50', ({ recent }) => recent.p50),
      seconds('p95', ({ recent }) => recent.p95),
      seconds('p99', ({ recent }) => recent.p99),
    ],
    'No operation yet. Databases, outgoing requests and what you wrap in ns.measure(name, labels, work) appear here.',
  );

export type NameLine = KindRow['byName'][number] & { readonly isEstimate: boolean };

export const nameTable = (kind: string) =>
  new Table<NameLine>(
    `Operations of kind ${kind}`,
    [
      named('Operation'),
      numeric('Count', (row) => row.count, count),
      failures(),
      seconds('Average', ({ average }) => average),
      seconds('Least', ({ minimum }) => minimum),
      seconds('Most', ({ maximum }) => maximum),
      seconds('p50', ({ p50 }) => p50),
      seconds('p95', ({ p95 }) => p95),
      seconds('p99', ({ p99 }) => p99),
    ],
    'Nothing kept.',
  );

export const notableTable = (slowFrom: number) =>
  new Table<NotableRow>(
    'Slowest and failed operations',
    [
      { head: 'Time', by: ({ time }) => time, cell: ({ time }) => el('span', { class: 'mono' }, clock(time)) },
      { head: 'Kind', by: ({ kind }) => kind, cell: ({ kind }) => foreign(kind) },
      {
        head: 'Operation',
        name: true,
        by: ({ name }) => name,
        cell: ({ name, detail }) => el('div', {}, foreign(name), detail ? el('code', {}, foreign(detail)) : null),
      },
      {
        head: 'Why',
        cell: ({ failed, seconds: took }) =>
          el(
            'span',
            {},
            failed ? el('span', { class: 'tag bad' }, 'failed') : null,
            took >= slowFrom ? el('span', { class: 'tag lamp' }, 'slow') : null,
          ),
      },
      seconds('Duration', (row) => row.seconds),
      { head: 'Trace', cell: ({ traceId }) => el('span', { class: 'mono' }, traceId || 'not sampled') },
    ],
    'Nothing failed and nothing was slow.',
  );

export const poolTable = () =>
  new Table<PoolRow>(
    'Database pools',
    [
      named('Pool'),
      numeric('In use', ({ used }) => used, count),
      numeric('Idle', ({ idle }) => idle, count),
      {
        head: 'Waiting',
        number: true,
        by: ({ waiting }) => waiting ?? -1,
        cell: ({ waiting }) =>
          waiting ? el('span', { class: 'tag lamp' }, count(waiting)) : waiting === null ? '–' : '0',
      },
    ],
    'No pool yet: the first connection of a watched driver shows one.',
  );

const STATES: Readonly<Record<string, string>> = { closed: 'ok', open: 'bad', 'half-open': 'lamp' };

export const fallbackTable = () =>
  new Table<FallbackRow>(
    'Fallbacks',
    [
      named('Fallback'),
      {
        head: 'Breaker',
        by: ({ state }) => state,
        cell: ({ state }) => el('span', { class: `tag ${STATES[state] ?? 'lamp'}` }, state),
      },
      ...['primary', 'fallback', 'stale', 'failed'].map((outcome) =>
        numeric<FallbackRow>(outcome, ({ outcomes }) => outcomes[outcome] ?? 0, count),
      ),
    ],
    'None in use. ns.fallback(fetchRates, () => lastRates) makes one.',
  );

export const exportTable = () =>
  new Table<ExportStatus>(
    'What is pushed',
    [
      { head: 'Signal', by: ({ signal }) => signal, cell: ({ signal }) => signal },
      numeric('Pushed', ({ sent }) => sent, count),
      numeric('Waiting', ({ waiting }) => waiting, count),
      {
        head: 'Dropped',
        cell: ({ dropped }) => {
          const parts = Object.entries(dropped).filter(([, number]) => number > 0);
          if (parts.length === 0) return '0';
          return el(
            'span',
            { class: 'tag bad' },
            parts.map(([reason, number]) => `${count(number)} ${reason}`).join(', '),
          );
        },
      },
      { head: 'Last taken', cell: ({ lastTaken }) => (lastTaken === 0 ? 'never' : clock(lastTaken)) },
      { head: 'Problem', name: true, cell: ({ problem }) => (problem === '' ? 'none' : foreign(problem)) },
    ],
    'Nothing is pushed: OTEL_EXPORTER_OTLP_ENDPOINT (or the option endpoint) is empty.',
  );

export const errorTable = () =>
  new Table<{ readonly place: string; readonly count: number }>(
    'Errors of the library itself',
    [
      { head: 'Place', name: true, by: ({ place }) => place, cell: ({ place }) => foreign(place) },
      numeric('Errors', (row) => row.count, count),
    ],
    'None. If there were any, your requests would have gone on without being measured.',
  );

export const settingTable = () =>
  new Table<{ readonly name: string; readonly value: string; readonly from: string }>(
    'Settings',
    [
      named('Setting'),
      { head: 'Value', name: true, cell: ({ value }) => el('span', { class: 'mono' }, foreign(value || 'empty')) },
      {
        head: 'From',
        by: ({ from }) => from,
        cell: ({ from }) => (from === 'default' ? 'default' : el('b', {}, from)),
      },
    ],
    'No settings.',
  );
