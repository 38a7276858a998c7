import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, type KeyboardEvent, useMemo, useState } from 'react';
import { instantQuery, type QueryData, type QueryResult, rangeQuery } from '../api/prometheus.ts';
import { Button } from '../design/Button.tsx';
import { Empty } from '../design/Empty.tsx';
import { Graph } from '../design/Graph.tsx';
import { Load, sentence } from '../design/Load.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { Table } from '../design/Table.tsx';
import { counted, NONE, short } from '../figures/figure.ts';
import { caretLines, LINE_LIMIT, matrixGraph, parsePlace, seriesName } from '../figures/promql.ts';
import { RangePicker } from '../shell/RangePicker.tsx';
import { useRange } from '../shell/use-range.ts';
import { rangeWords } from '../time/range.ts';

export function MetricsPage() {
  const range = useRange();
  const { query = '' } = useSearch({ from: '/shell/metrics' });
  const table = useQuery(instantQuery(query, range));
  const graph = useQuery(rangeQuery(query, range));
  const again = () => {
    if (query === '') return;
    void table.refetch();
    void graph.refetch();
  };
  const failure = table.isError ? table.error : undefined;
  const title =
    table.data && query !== ''
      ? `${counted(rowsOf(table.data.data).length, 'series', 'series')} at the end of the range`
      : 'Metrics';
  return (
    <>
      <PageHead title={title} tab="Metrics" about={rangeWords(range)} actions={<RangePicker />} />
      <QueryForm key={query} query={query} onAgain={again} />
      {query === '' ? (
        <Section title="Result">
          <Empty
            title="Ask with PromQL."
            line="sum by (service_name) (rate(http_server_request_duration_seconds_count[5m]))"
          >
            The line below asks for the requests per second of every service; <code>up</code> shows what is scraped.
          </Empty>
        </Section>
      ) : failure && !table.data ? (
        <QueryFailure query={query} message={sentence(failure)} />
      ) : (
        <>
          <Section title="Over time">
            <Load query={graph} what="the graph">
              {(result) => <RangeGraph result={result} title={query} />}
            </Load>
          </Section>
          <Section title="At the end of the range">
            <Load query={table} what="the result">
              {(result) => <ResultTable result={result} />}
            </Load>
          </Section>
        </>
      )}
    </>
  );
}

function QueryForm({ query, onAgain }: { query: string; onAgain: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState(query);
  const run = () =>
    text.trim() === query ? onAgain() : void navigate({ to: '/metrics', search: { query: text.trim() || undefined } });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    run();
  };
  return (
    <search className="section">
      <form className="form" onSubmit={submit}>
        <div className="field grow">
          <label htmlFor="promql">PromQL</label>
          <textarea
            id="promql"
            className="input input-code"
            rows={2}
            spellCheck={false}
            autoCapitalize="none"
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={press}
            aria-describedby="promql-note"
          />
          <span className="field-note" id="promql-note">
            Enter runs it, Shift and Enter starts a new line.
          </span>
        </div>
        <Button kind="main" type="submit">
          Run
        </Button>
      </form>
    </search>
  );
}

function QueryFailure({ query, message }: { query: string; message: string }) {
  const place = parsePlace(message);
  return (
    <Notice tone="bad">
      <div className="stack">
        <strong>
          {place ? `The query cannot be read at line ${place.line}, column ${place.column}.` : 'The query was refused.'}
        </strong>
        {place ? <span className="caret">{caretLines(query, place)}</span> : null}
        <span className="mono break">{message}</span>
      </div>
    </Notice>
  );
}

function RangeGraph({ result, title }: { result: QueryResult; title: string }) {
  const graph = useMemo(() => matrixGraph(result.data, title), [result, title]);
  const all = result.data.resultType === 'matrix' ? result.data.result.length : 0;
  if (graph.t.length === 0) return <p className="dim">No series has a value in this range.</p>;
  return (
    <>
      {all > LINE_LIMIT ? (
        <p className="dim small">{`The first ${LINE_LIMIT} of ${all} series are drawn; sum or topk shows the rest.`}</p>
      ) : null}
      {result.warnings.map((warning) => (
        <Notice key={warning} tone="lamp">
          {warning}
        </Notice>
      ))}
      <Graph graph={graph} sync="metrics" span={{ start: result.start * 1000, end: result.end * 1000 }} />
    </>
  );
}

interface Row {
  name: string;
  value: string;
}

function rowsOf(data: QueryData): Row[] {
  if (data.resultType === 'vector')
    return data.result.map(({ metric, value }) => ({ name: seriesName(metric), value: value?.[1] ?? 'histogram' }));
  if (data.resultType === 'matrix')
    return data.result.map(({ metric, values }) => ({ name: seriesName(metric), value: values?.at(-1)?.[1] ?? NONE }));
  return [{ name: data.resultType, value: data.result[1] }];
}

function ResultTable({ result }: { result: QueryResult }) {
  const rows = rowsOf(result.data);
  if (rows.length === 0) return <p className="dim">No series has a value at the end of the range.</p>;
  return (
    <Table<Row>
      label="Result"
      rows={rows}
      id={(row, index) => `${row.name} ${index}`}
      columns={[
        { name: 'Series', sort: (row) => row.name, show: (row) => <span className="mono break">{row.name}</span> },
        {
          name: 'Value',
          number: true,
          sort: (row) => (Number.isFinite(Number(row.value)) ? Number(row.value) : null),
          show: (row) =>
            Number.isFinite(Number(row.value)) ? <span title={row.value}>{short(Number(row.value))}</span> : row.value,
        },
      ]}
    />
  );
}
