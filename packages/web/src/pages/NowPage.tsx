import type { IncidentSummary, ServiceSummary } from '@nightshift/server/api';
import { useQuery } from '@tanstack/react-query';
import { incidentsQuery } from '../api/incidents.ts';
import { servicesQuery } from '../api/services.ts';
import { statusQuery } from '../api/status.ts';
import { Empty } from '../design/Empty.tsx';
import { Facts } from '../design/Facts.tsx';
import { Load } from '../design/Load.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { count, millis, percent, rate } from '../figures/figure.ts';
import { isOpen } from '../figures/incident.ts';
import { productionAnswer, productionTotals } from '../figures/production.ts';
import { RangePicker } from '../shell/RangePicker.tsx';
import { telemetryLine } from '../shell/start-lines.ts';
import { useRange } from '../shell/use-range.ts';
import { ago } from '../time/clock.ts';
import { rangeWords } from '../time/range.ts';
import { IncidentTable } from './IncidentTable.tsx';
import { ServiceTable } from './ServiceTable.tsx';

export function NowPage() {
  const range = useRange();
  const services = useQuery(servicesQuery(range));
  const incidents = useQuery(incidentsQuery);
  const status = useQuery(statusQuery);
  const answer =
    services.data && incidents.data ? productionAnswer(services.data, incidents.data, status.data) : undefined;
  const failed = services.isError || incidents.isError;
  return (
    <>
      <PageHead
        title={
          answer?.words ?? (failed ? 'It is not known whether production is all right' : 'Is production all right?')
        }
        tab="Now"
        about={rangeWords(range)}
        actions={<RangePicker />}
      />
      {status.data?.engine.state === 'down' ? (
        <Notice tone="bad">The storage engine is down. What arrives is kept and shown as soon as it is back.</Notice>
      ) : null}
      {status.data?.spool.degraded ? <Notice tone="bad">{status.data.spool.degraded}</Notice> : null}
      <Load query={services} what="the services">
        {(list) => (
          <>
            {list.length > 0 ? <NowFacts services={list} incidents={incidents.data} /> : null}
            <Load query={incidents} what="the incidents">
              {(all) => <OpenIncidents incidents={all} />}
            </Load>
            <Section title="Services">
              {list.length === 0 ? (
                <Empty title="No service has sent anything in this range." line={telemetryLine(location.origin)}>
                  An application with OpenTelemetry fills this page by one line; create TOKEN under Settings with the
                  right ingest.
                </Empty>
              ) : (
                <ServiceTable services={list} />
              )}
            </Section>
          </>
        )}
      </Load>
    </>
  );
}

function NowFacts({
  services,
  incidents,
}: {
  services: readonly ServiceSummary[];
  incidents: readonly IncidentSummary[] | undefined;
}) {
  const totals = productionTotals(services);
  const open = incidents?.filter(isOpen).length ?? null;
  const visible = incidents?.filter(isOpen).reduce((sum, incident) => sum + incident.impact.visible, 0) ?? null;
  return (
    <Facts
      facts={[
        { value: rate(totals.requestsPerSecond), label: 'requests per second' },
        {
          value: percent(totals.errorRatio),
          label: 'of them failed',
          tone: (totals.errorRatio ?? 0) > 0.01 ? 'bad' : undefined,
        },
        { value: millis(totals.worstP99Ms), label: '99 of 100 are faster, slowest service' },
        { value: count(open), label: open === 1 ? 'incident open' : 'incidents open' },
        {
          value: count(visible),
          label: 'requests users saw fail in them',
          tone: (visible ?? 0) > 0 ? 'bad' : undefined,
        },
      ]}
    />
  );
}

function OpenIncidents({ incidents }: { incidents: readonly IncidentSummary[] }) {
  const open = incidents.filter(isOpen);
  const last = incidents.reduce((at, incident) => Math.max(at, incident.openedAt), 0);
  if (open.length > 0) {
    return (
      <Section title="Open incidents">
        <IncidentTable incidents={open} />
      </Section>
    );
  }
  return last === 0 ? null : <p className="lead dim">No incident is open; the last one was {ago(last)}.</p>;
}
