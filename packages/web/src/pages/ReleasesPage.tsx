import type { Release, ReleaseState } from '@nightshift/server/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { releasesQuery, rollBack } from '../api/releases.ts';
import { Button } from '../design/Button.tsx';
import { CopyLine } from '../design/CopyLine.tsx';
import { Dialog } from '../design/Dialog.tsx';
import { Empty } from '../design/Empty.tsx';
import { Field } from '../design/Field.tsx';
import { Load, sentence } from '../design/Load.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { type Column, Table } from '../design/Table.tsx';
import { Tag, type Tone } from '../design/Tag.tsx';
import { count, NONE } from '../figures/figure.ts';
import { releaseLine } from '../shell/start-lines.ts';
import { moment } from '../time/clock.ts';

const TONE: Record<ReleaseState, Tone> = {
  starting: 'info',
  live: 'info',
  good: 'good',
  bad: 'bad',
  'rolled-back': 'lamp',
  failed: 'bad',
  superseded: 'plain',
};

export function ReleasesPage() {
  const releases = useQuery(releasesQuery);
  const [chosen, setChosen] = useState<Release | null>(null);
  const columns = releaseColumns(setChosen);
  return (
    <>
      <PageHead title={releases.data ? releaseAnswer(releases.data) : 'Releases'} tab="Releases" />
      <Load query={releases} what="the releases">
        {(list) =>
          list.length === 0 ? (
            <Section title="Releases">
              <Empty title="No version was released through Nightshift yet." line={releaseLine(location.origin)}>
                Released this way, the version before stays warm, and a bad one is taken back within seconds. TOKEN
                needs the right release.
              </Empty>
            </Section>
          ) : (
            <>
              <Section title="Releases">
                <Table
                  label="Releases"
                  columns={columns}
                  rows={list}
                  id={(row) => row.id}
                  sortedBy={{ column: 'Released', descending: true }}
                />
              </Section>
              <Section title="Start the next one">
                <CopyLine line={releaseLine(location.origin)} />
              </Section>
            </>
          )
        }
      </Load>
      {chosen ? <RollBackDialog release={chosen} onClose={() => setChosen(null)} /> : null}
    </>
  );
}

const isServing = (release: Release): boolean => release.state === 'live' || release.state === 'good';

function releaseAnswer(releases: readonly Release[]): string {
  if (releases.length === 0) return 'Nothing released yet';
  const [last] = [...releases].sort((a, b) => b.createdAt - a.createdAt);
  return `${last!.service} ${last!.version} was released last and is ${last!.state.replace('-', ' ')}`;
}

function releaseColumns(onRollBack: (release: Release) => void): Column<Release>[] {
  return [
    {
      name: 'Released',
      sort: (row) => row.createdAt,
      show: (row) => <time dateTime={new Date(row.createdAt).toISOString()}>{moment(row.createdAt)}</time>,
    },
    { name: 'Service', sort: (row) => row.service, show: (row) => `${row.service} · ${row.environment}` },
    {
      name: 'Version',
      sort: (row) => row.version,
      show: (row) => (
        <>
          <bdi>{row.version}</bdi> <span className="dim mono">{row.revision.slice(0, 10)}</span>
        </>
      ),
    },
    {
      name: 'State',
      sort: (row) => row.state,
      show: (row) => (
        <>
          <Tag tone={TONE[row.state]}>{row.state}</Tag>
          {row.stateReason === '' ? null : <div className="dim small">{row.stateReason}</div>}
        </>
      ),
    },
    {
      name: 'Action',
      show: (row) =>
        isServing(row) ? (
          <Button kind="danger" onClick={() => onRollBack(row)} aria-label={`Roll back ${row.service} ${row.version}`}>
            Roll back
          </Button>
        ) : (
          NONE
        ),
    },
    {
      name: 'Requests',
      number: true,
      sort: (row) => row.gateway?.requests ?? null,
      show: (row) => (row.gateway ? count(row.gateway.requests) : NONE),
    },
    {
      name: 'Failed',
      number: true,
      sort: (row) => row.gateway?.failures ?? null,
      show: (row) => (row.gateway ? count(row.gateway.failures) : NONE),
    },
    { name: 'By', sort: (row) => row.createdBy, show: (row) => row.createdBy },
  ];
}

function RollBackDialog({ release, onClose }: { release: Release; onClose: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const back = useMutation({
    mutationFn: () => rollBack(release.service, reason.trim()),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    back.mutate();
  };
  return (
    <Dialog label={`Roll back ${release.service}`} onClose={onClose}>
      <form onSubmit={submit}>
        <h2>{`Take ${release.service} ${release.version} back?`}</h2>
        <p>All traffic goes to the last good version at once. Requests that are under way are finished first.</p>
        {back.isError ? <Notice tone="bad">{sentence(back.error)}</Notice> : null}
        <Field
          label="Why"
          required
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          note="Stands in the timeline and the log."
        />
        <div className="row">
          <Button kind="danger" type="submit" disabled={back.isPending || reason.trim() === ''}>
            Roll back
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </div>
      </form>
    </Dialog>
  );
}
