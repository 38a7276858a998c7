import { useQuery } from '@tanstack/react-query';
import { incidentsQuery } from '../api/incidents.ts';
import { Empty } from '../design/Empty.tsx';
import { Facts } from '../design/Facts.tsx';
import { Load } from '../design/Load.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { count, counted } from '../figures/figure.ts';
import { isOpen } from '../figures/incident.ts';
import { IncidentTable } from './IncidentTable.tsx';

export function IncidentsPage() {
  const incidents = useQuery(incidentsQuery);
  const open = incidents.data?.filter(isOpen).length;
  const title =
    open === undefined ? 'Incidents' : open === 0 ? 'No incident is open' : `${counted(open, 'incident')} open`;
  return (
    <>
      <PageHead title={title} tab="Incidents" />
      <Load query={incidents} what="the incidents">
        {(list) =>
          list.length === 0 ? (
            <Section title="Incidents">
              <Empty title="Nothing has gone wrong so far.">
                An incident opens by itself when a release turns out worse than the version before it.
              </Empty>
            </Section>
          ) : (
            <>
              <Facts
                facts={[
                  { value: count(list.length), label: 'incidents in all' },
                  {
                    value: count(list.reduce((sum, { impact }) => sum + impact.visible, 0)),
                    label: 'requests users saw fail',
                  },
                  {
                    value: count(list.reduce((sum, { impact }) => sum + impact.saved, 0)),
                    label: 'answered by the last good version instead',
                  },
                ]}
              />
              <Section title="Incidents">
                <IncidentTable incidents={list} />
              </Section>
            </>
          )
        }
      </Load>
    </>
  );
}
