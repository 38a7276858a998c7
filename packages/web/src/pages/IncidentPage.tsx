import type { Graph as GraphData, Incident, IncidentState } from '@nightshift/server/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { incidentQuery, incidentsQuery, setIncidentState } from '../api/incidents.ts';
import { Button } from '../design/Button.tsx';
import { Facts } from '../design/Facts.tsx';
import { Graph } from '../design/Graph.tsx';
import { Load, sentence } from '../design/Load.tsx';
import { LogLines } from '../design/LogLines.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { Tag } from '../design/Tag.tsx';
import { Timeline } from '../design/Timeline.tsx';
import { Waterfall } from '../design/Waterfall.tsx';
import { count } from '../figures/figure.ts';
import { impactFacts, isOpen, stateTone } from '../figures/incident.ts';
import { moment } from '../time/clock.ts';
import { ANCHOR } from './incident/anchors.ts';
import { EvidenceLinks } from './incident/EvidenceLinks.tsx';
import { Exchanges } from './incident/Exchanges.tsx';
import { Inputs } from './incident/Inputs.tsx';
import { jumpTo } from './incident/jump.ts';
import { Standing } from './incident/Standing.tsx';
import { Why } from './incident/Why.tsx';

export function IncidentPage() {
  const { id } = useParams({ from: '/shell/incidents/$id' });
  const incident = useQuery(incidentQuery(id));
  const known = incident.data !== undefined;
  useEffect(() => {
    const anchor = decodeHash(location.hash);
    if (known && anchor !== '') jumpTo(anchor);
  }, [known]);
  return (
    <>
      {known ? null : <PageHead title={id} />}
      <Load query={incident} what={`the incident ${id}`}>
        {(data) => <IncidentBody incident={data} />}
      </Load>
    </>
  );
}

function IncidentBody({ incident }: { incident: Incident }) {
  const { evidence } = incident;
  return (
    <>
      <PageHead
        title={incident.title}
        tab={`${incident.id} ${incident.title}`}
        tag={<Tag tone={stateTone(incident.state)}>{incident.state}</Tag>}
        about={`${incident.id} · ${incident.service} · ${incident.environment} · ${moment(incident.openedAt)}`}
        actions={<Actions incident={incident} />}
        lead={incident.summary}
      />
      <Facts facts={impactFacts(incident.impact, incident.goodVersion)} />
      <div className="columns">
        <div>
          <Section title="What happened">
            <Timeline
              entries={incident.timeline}
              links={(entry) => <EvidenceLinks entry={entry} incident={incident} />}
            />
          </Section>
          <Standing incident={incident} />
          {evidence.verdict ? <Inputs verdict={evidence.verdict} /> : null}
        </div>
        <div>
          <Graphs graphs={evidence.graphs} marks={evidence.marks} sync={incident.id} />
          <Why incident={incident} />
          <Section
            title="Error lines, with context"
            id={ANCHOR.logs}
            aside={`${count(evidence.excerpt.lines.length)} of ${count(evidence.excerpt.total)} lines`}
          >
            {evidence.excerpt.lines.length === 0 ? (
              <p className="dim">No line was logged in the window of this incident.</p>
            ) : (
              <LogLines lines={evidence.excerpt.lines} label="Error lines" />
            )}
          </Section>
          <Exchanges exchanges={evidence.exchanges} />
          <ExemplarTrace incident={incident} />
        </div>
      </div>
    </>
  );
}

const NEXT: Record<'acknowledged' | 'resolved', string> = { acknowledged: 'Acknowledge', resolved: 'Resolve' };

function Actions({ incident }: { incident: Incident }) {
  const queries = useQueryClient();
  const move = useMutation({
    mutationFn: (state: IncidentState) => setIncidentState(incident.id, state),
    onSuccess: (next) => {
      queries.setQueryData(incidentQuery(incident.id).queryKey, next);
      void queries.invalidateQueries({ queryKey: incidentsQuery.queryKey });
    },
  });
  const offered = (['acknowledged', 'resolved'] as const).filter((state) =>
    state === 'acknowledged' ? incident.state === 'opened' : isOpen(incident),
  );
  return (
    <>
      {move.isError ? <Notice tone="bad">{sentence(move.error)}</Notice> : null}
      {offered.map((state) => (
        <Button key={state} disabled={move.isPending} onClick={() => move.mutate(state)}>
          {NEXT[state]}
        </Button>
      ))}
      <Link to="/incidents/$id/report" params={{ id: incident.id }} className="button button-main">
        Open report
      </Link>
    </>
  );
}

/** All graphs over one range, so that a moment stands at the same place in each. */
function Graphs({
  graphs,
  marks,
  sync,
}: {
  graphs: readonly GraphData[];
  marks: Incident['evidence']['marks'];
  sync: string;
}) {
  const times = graphs.flatMap((graph) => [graph.t[0], graph.t[graph.t.length - 1]]).filter((at) => at !== undefined);
  const span = times.length === 0 ? undefined : { start: Math.min(...times), end: Math.max(...times) };
  return (
    <div id={ANCHOR.graphs} tabIndex={-1}>
      {graphs.map((graph) => (
        <Section key={graph.title} title={graph.title}>
          <Graph graph={graph} marks={marks} sync={sync} span={span} />
        </Section>
      ))}
    </div>
  );
}

function ExemplarTrace({ incident }: { incident: Incident }) {
  const { trace } = incident.evidence;
  const id = trace[0]?.traceId;
  return (
    <Section
      title="One failing request, as a trace"
      id={ANCHOR.trace}
      aside={
        id ? (
          <Link to="/traces/$id" params={{ id }}>
            {id}
          </Link>
        ) : undefined
      }
    >
      {id ? <Waterfall spans={trace} /> : <p className="dim">No trace of a failing request was recorded.</p>}
    </Section>
  );
}

function decodeHash(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return '';
  }
}
