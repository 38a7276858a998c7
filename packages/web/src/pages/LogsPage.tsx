import type { LogEntry } from '@nightshift/server/api';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { LOG_LIMIT, type LogSearch, logsQuery } from '../api/logs.ts';
import { Button } from '../design/Button.tsx';
import { Empty } from '../design/Empty.tsx';
import { Pairs } from '../design/Facts.tsx';
import { Choice, Field } from '../design/Field.tsx';
import { Load } from '../design/Load.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { Tag, type Tone } from '../design/Tag.tsx';
import { counted } from '../figures/figure.ts';
import { RangePicker } from '../shell/RangePicker.tsx';
import { telemetryLine } from '../shell/start-lines.ts';
import { useRange } from '../shell/use-range.ts';
import { clockOrDay, moment } from '../time/clock.ts';
import { rangeWords } from '../time/range.ts';

/** OpenTelemetry severity numbers (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber). */
const SEVERITIES = [
  { value: '', label: 'any severity' },
  { value: '5', label: 'debug and above' },
  { value: '9', label: 'info and above' },
  { value: '13', label: 'warnings and above' },
  { value: '17', label: 'errors and above' },
];

export function LogsPage() {
  const range = useRange();
  const { service = '', severity = '', q = '', trace = '' } = useSearch({ from: '/shell/logs' });
  const search: LogSearch = { service, severity, q, trace };
  const logs = useQuery(logsQuery(range, search));
  const title = !logs.data
    ? 'Logs'
    : logs.data.length >= LOG_LIMIT
      ? `The newest ${LOG_LIMIT} of the lines found`
      : `${counted(logs.data.length, 'line')} found`;
  return (
    <>
      <PageHead title={title} tab="Logs" about={rangeWords(range)} actions={<RangePicker />} />
      <SearchForm key={JSON.stringify(search)} search={search} onAgain={() => void logs.refetch()} />
      <Section title="Lines, newest first">
        <Load query={logs} what="the lines">
          {(lines) => (lines.length === 0 ? <NoLines search={search} /> : <Lines lines={lines} />)}
        </Load>
      </Section>
    </>
  );
}

function SearchForm({ search, onAgain }: { search: LogSearch; onAgain: () => void }) {
  const navigate = useNavigate();
  const [form, setForm] = useState(search);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAgain();
    void navigate({
      to: '/logs',
      search: {
        service: form.service || undefined,
        severity: form.severity || undefined,
        q: form.q.trim() || undefined,
        trace: form.trace.trim() || undefined,
      },
    });
  };
  return (
    <search className="section">
      <form className="form" onSubmit={submit}>
        <Field
          grow
          label="Words"
          placeholder="all of them must occur"
          value={form.q}
          onChange={(event) => setForm({ ...form, q: event.target.value })}
        />
        <Field
          label="Service"
          placeholder="any service"
          value={form.service}
          onChange={(event) => setForm({ ...form, service: event.target.value })}
        />
        <Choice
          label="Severity"
          value={form.severity}
          options={SEVERITIES}
          onChange={(severity) => setForm({ ...form, severity })}
        />
        <Field
          label="Trace id"
          placeholder="any trace"
          value={form.trace}
          onChange={(event) => setForm({ ...form, trace: event.target.value })}
        />
        <Button kind="main" type="submit">
          Search
        </Button>
      </form>
    </search>
  );
}

function NoLines({ search }: { search: LogSearch }) {
  if (Object.values(search).some((value) => value !== '')) {
    return <Empty title="No line matches.">A longer time range, fewer words or a lower severity finds more.</Empty>;
  }
  return (
    <Empty title="No line was logged in this range." line={telemetryLine(location.origin)}>
      What an application logs through OpenTelemetry, or writes while Nightshift runs it, is found here.
    </Empty>
  );
}

function severityTone(severity: number): Tone {
  if (severity >= 17) return 'bad';
  return severity >= 13 ? 'lamp' : 'plain';
}

function Lines({ lines }: { lines: readonly LogEntry[] }) {
  return lines.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: equal lines of one nanosecond cannot be told apart otherwise
    <details key={`${line.timeUnixNano} ${index}`} className="fold">
      <summary>
        <time className="dim mono" dateTime={new Date(line.at).toISOString()} title={moment(line.at)}>
          {clockOrDay(line.at)}
        </time>{' '}
        <Tag tone={severityTone(line.severity)}>{line.severityText || String(line.severity)}</Tag>{' '}
        <span className="dim small">{line.service}</span> <span className="mono">{line.body}</span>
      </summary>
      <div className="fold-body small">
        <Pairs
          pairs={[
            ['Time', moment(line.at)],
            ['Service', `${line.service} ${line.version}`.trim()],
            ...(line.traceId === ''
              ? []
              : [
                  [
                    'Trace',
                    <Link key="trace" to="/traces/$id" params={{ id: line.traceId }}>
                      {line.traceId}
                    </Link>,
                  ] as const,
                ]),
            ...Object.entries(line.attributes).map(([name, value]) => [name, value] as const),
          ]}
        />
      </div>
    </details>
  ));
}
