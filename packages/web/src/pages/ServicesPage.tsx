import { useQuery } from '@tanstack/react-query';
import { servicesQuery } from '../api/services.ts';
import { Empty } from '../design/Empty.tsx';
import { Load } from '../design/Load.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { counted, percent } from '../figures/figure.ts';
import { productionTotals } from '../figures/production.ts';
import { RangePicker } from '../shell/RangePicker.tsx';
import { telemetryLine } from '../shell/start-lines.ts';
import { useRange } from '../shell/use-range.ts';
import { rangeWords } from '../time/range.ts';
import { ServiceTable } from './ServiceTable.tsx';

export function ServicesPage() {
  const range = useRange();
  const services = useQuery(servicesQuery(range));
  const failed = services.data ? productionTotals(services.data).errorRatio : null;
  const answer = services.data?.length
    ? `${counted(services.data.length, 'service')}${failed === null ? '' : `, ${percent(failed)} of requests failed`}`
    : 'Services';
  return (
    <>
      <PageHead title={answer} tab="Services" about={rangeWords(range)} actions={<RangePicker />} />
      <Section title="Services">
        <Load query={services} what="the services">
          {(list) =>
            list.length === 0 ? (
              <Empty title="No service has sent anything in this range." line={telemetryLine(location.origin)}>
                Point an application's OpenTelemetry here; TOKEN needs the right ingest and is created under Settings.
              </Empty>
            ) : (
              <ServiceTable services={list} full />
            )
          }
        </Load>
      </Section>
    </>
  );
}
