import type { CardinalityReport } from '@nightshift/server/api';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { cardinalityQuery } from '../../api/cardinality.ts';
import { Button } from '../../design/Button.tsx';
import { Empty } from '../../design/Empty.tsx';
import { Facts } from '../../design/Facts.tsx';
import { Field } from '../../design/Field.tsx';
import { Load } from '../../design/Load.tsx';
import { Notice } from '../../design/Notice.tsx';
import { PageHead } from '../../design/PageHead.tsx';
import { Section } from '../../design/Section.tsx';
import { count, NONE, rate } from '../../figures/figure.ts';
import { telemetryLine } from '../../shell/start-lines.ts';
import { cardinalityAnswer, total } from './answer.ts';
import { GrowthTable, LabelTable, MetricTable, PairTable, ServiceTable } from './tables.tsx';
import { WhatToDo } from './WhatToDo.tsx';

export function CardinalityPage() {
  const { match = '' } = useSearch({ from: '/shell/cardinality' });
  const report = useQuery(cardinalityQuery(match));
  return (
    <>
      <PageHead
        title={report.data ? cardinalityAnswer(report.data, match) : 'What makes the series?'}
        tab="Cardinality"
        about={match === '' ? 'all series' : <span className="mono">{match}</span>}
      />
      <Chooser key={match} match={match} />
      <Load query={report} what="the cardinality">
        {(data) =>
          data.series === 0 ? (
            <Section title="Series">
              {match === '' ? (
                <Empty title="No metric has been stored yet." line={telemetryLine(location.origin)}>
                  Point an application's OpenTelemetry here, a Prometheus' remote_write at /api/v1/write, or list
                  targets under <code>scrape</code>.
                </Empty>
              ) : (
                <Empty title="No stored series is chosen by this selector.">
                  Names and values are compared letter by letter; a pattern is written with =~ and matches the whole.
                </Empty>
              )}
            </Section>
          ) : (
            <Report report={data} />
          )
        }
      </Load>
    </>
  );
}

/** Narrows the report to what a selector chooses. */
function Chooser({ match }: { match: string }) {
  const navigate = useNavigate();
  const [text, setText] = useState(match);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({ to: '/cardinality', search: { match: text.trim() || undefined } });
  };
  return (
    <search className="section">
      <form className="form" onSubmit={submit}>
        <Field
          grow
          label="Only the series of"
          placeholder='a selector such as {job="shop"}; all when empty'
          spellCheck={false}
          autoCapitalize="none"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button kind="main" type="submit">
          Look
        </Button>
        {match === '' ? null : (
          <Link to="/cardinality" search={{}} className="button">
            All series
          </Link>
        )}
      </form>
    </search>
  );
}

function Report({ report }: { report: CardinalityReport }) {
  const { series, live, samplesPerSecond, metrics, growing, services, labels, pairs, hours, newSeries } = report;
  const largest = metrics[0];
  return (
    <>
      <Facts
        facts={[
          { value: count(series), label: 'series stored' },
          { value: count(live), label: 'of them with samples in memory' },
          { value: rate(samplesPerSecond), label: 'samples per second' },
          { value: hours === null ? NONE : count(total(newSeries)), label: 'series first seen within 24 hours' },
        ]}
      />
      {hours === null ? (
        <Notice tone="lamp">The storage engine is down: what is new is not known until it is back.</Notice>
      ) : null}
      <Section title="Metrics with the most series" aside="a name leads to what it is made of">
        <MetricTable metrics={metrics} all={series} />
      </Section>
      {largest ? <WhatToDo metric={largest} all={series} /> : null}
      <Section title="Services" aside="by service_name, service or job">
        <ServiceTable services={services} />
      </Section>
      <Section title="Growing" aside="series first seen, by the hour">
        {growing.length === 0 ? (
          <p className="dim">No series was new in the last 24 hours.</p>
        ) : (
          <GrowthTable metrics={growing} hours={hours ?? []} />
        )}
      </Section>
      <Section title="Labels" aside="by the number of different values">
        <LabelTable labels={labels} />
      </Section>
      <Section title="Label values" aside="by the number of series that have them">
        <PairTable pairs={pairs} all={series} />
      </Section>
    </>
  );
}
