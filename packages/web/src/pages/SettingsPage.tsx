import type { Right, TokenInfo } from '@nightshift/server/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { changePassword, meQuery } from '../api/session.ts';
import { createToken, type NewToken, revokeToken, rotateToken, tokensQuery } from '../api/tokens.ts';
import { Button } from '../design/Button.tsx';
import { CopyLine } from '../design/CopyLine.tsx';
import { Dialog } from '../design/Dialog.tsx';
import { Empty } from '../design/Empty.tsx';
import { Field } from '../design/Field.tsx';
import { Load, sentence } from '../design/Load.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { Table } from '../design/Table.tsx';
import { ago, moment } from '../time/clock.ts';

const RIGHTS: readonly { right: Right; means: string }[] = [
  { right: 'ingest', means: 'send metrics, logs and traces; read nothing' },
  { right: 'read', means: 'see all pages and ask all queries; change nothing' },
  { right: 'release', means: 'start a version and take one back' },
  { right: 'admin', means: 'everything, tokens included' },
];

/** For how long a rotated token's old secret still works, so that senders can be changed one by one. */
const GRACE_SECONDS = 3600;

export function SettingsPage() {
  return (
    <>
      <PageHead title="Settings" />
      <PasswordForm />
      <Tokens />
    </>
  );
}

function PasswordForm() {
  const queries = useQueryClient();
  const [form, setForm] = useState({ current: '', next: '', again: '' });
  const change = useMutation({
    mutationFn: () => changePassword(form.current, form.next),
    onSuccess: () => {
      setForm({ current: '', next: '', again: '' });
      void queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  const differs = form.again !== '' && form.again !== form.next;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (form.again === form.next) change.mutate();
  };
  const field = (name: keyof typeof form) => ({
    type: 'password',
    required: true,
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
  });
  return (
    <Section title="Password">
      {change.isError ? <Notice tone="bad">{sentence(change.error)}</Notice> : null}
      {change.isSuccess ? <Notice tone="good">The password is changed.</Notice> : null}
      <form className="form form-tall" onSubmit={submit}>
        <Field label="Present password" autoComplete="current-password" {...field('current')} />
        <Field label="New password" autoComplete="new-password" {...field('next')} />
        <Field
          label="New password again"
          autoComplete="new-password"
          wrong={differs ? 'The two are not the same.' : undefined}
          {...field('again')}
        />
        <div>
          <Button kind="main" type="submit" disabled={change.isPending || differs}>
            Change password
          </Button>
        </div>
      </form>
    </Section>
  );
}

type Asked = { what: 'rotate' | 'revoke'; token: TokenInfo };

function Tokens() {
  const tokens = useQuery(tokensQuery);
  const queries = useQueryClient();
  const [made, setMade] = useState<NewToken | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const show = (token: NewToken | null) => {
    setMade(token);
    void queries.invalidateQueries({ queryKey: tokensQuery.queryKey });
  };
  return (
    <>
      <Section title="Tokens">
        {made ? (
          <Notice tone="lamp">
            <div className="stack">
              <span>
                This is the secret of <strong className="break">{made.name}</strong>. It is shown this once and cannot
                be read again.
              </span>
              <CopyLine line={made.token} />
              <Button onClick={() => setMade(null)}>I have kept it</Button>
            </div>
          </Notice>
        ) : null}
        <Load query={tokens} what="the tokens">
          {(list) =>
            list.length === 0 ? (
              <Empty title="No token yet.">
                Applications, scrapers and CI jobs each get one of their own, with only the rights that they need.
              </Empty>
            ) : (
              <TokenTable tokens={list} onAsk={setAsked} />
            )
          }
        </Load>
      </Section>
      <TokenForm onMade={show} />
      {asked ? (
        <TokenDialog
          asked={asked}
          onClose={() => setAsked(null)}
          onDone={(token) => {
            setAsked(null);
            show(token);
          }}
        />
      ) : null}
    </>
  );
}

function TokenTable({ tokens, onAsk }: { tokens: readonly TokenInfo[]; onAsk: (asked: Asked) => void }) {
  return (
    <Table
      label="Tokens"
      rows={tokens}
      id={(row) => row.id}
      columns={[
        { name: 'Name', sort: (row) => row.name, show: (row) => <span className="break">{row.name}</span> },
        { name: 'Rights', show: (row) => row.rights.join(', ') },
        { name: 'Created', sort: (row) => row.createdAt, show: (row) => moment(row.createdAt) },
        {
          name: 'Expires',
          sort: (row) => row.expiresAt,
          show: (row) => (row.expiresAt === null ? 'never' : moment(row.expiresAt)),
        },
        {
          name: 'Last used',
          sort: (row) => row.lastUsedAt,
          show: (row) => (row.lastUsedAt === null ? 'never' : ago(row.lastUsedAt)),
        },
        {
          name: 'Action',
          show: (row) => (
            <div className="row">
              <Button onClick={() => onAsk({ what: 'rotate', token: row })} aria-label={`Rotate ${row.name}`}>
                Rotate
              </Button>
              <Button
                kind="danger"
                onClick={() => onAsk({ what: 'revoke', token: row })}
                aria-label={`Revoke ${row.name}`}
              >
                Revoke
              </Button>
            </div>
          ),
        },
      ]}
    />
  );
}

function TokenForm({ onMade }: { onMade: (token: NewToken) => void }) {
  const [name, setName] = useState('');
  const [rights, setRights] = useState<Right[]>(['ingest']);
  const make = useMutation({
    mutationFn: () => createToken(name.trim(), rights),
    onSuccess: (token) => {
      setName('');
      onMade(token);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Section title="Create a token">
      {make.isError ? <Notice tone="bad">{sentence(make.error)}</Notice> : null}
      <form className="stack" onSubmit={submit}>
        <div className="form">
          <Field
            label="Name"
            placeholder="what will use it"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <fieldset className="field">
          <legend>Rights</legend>
          {RIGHTS.map(({ right, means }) => (
            <label key={right} className="check">
              <input
                type="checkbox"
                checked={rights.includes(right)}
                onChange={(event) =>
                  setRights(event.target.checked ? [...rights, right] : rights.filter((other) => other !== right))
                }
              />
              <span>
                <strong>{right}</strong> <span className="dim">{means}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div>
          <Button kind="main" type="submit" disabled={make.isPending || rights.length === 0 || name.trim() === ''}>
            Create token
          </Button>
        </div>
      </form>
    </Section>
  );
}

function TokenDialog({
  asked: { what, token },
  onClose,
  onDone,
}: {
  asked: Asked;
  onClose: () => void;
  onDone: (token: NewToken | null) => void;
}) {
  const act = useMutation({
    mutationFn: () =>
      what === 'rotate' ? rotateToken(token.id, GRACE_SECONDS) : revokeToken(token.id).then(() => null),
    onSuccess: onDone,
  });
  const rotate = what === 'rotate';
  return (
    <Dialog label={rotate ? 'Rotate the token' : 'Revoke the token'} onClose={onClose}>
      <div>
        <h2 className="break">{`${rotate ? 'Rotate' : 'Revoke'} ${token.name}?`}</h2>
        <p>
          {rotate
            ? 'A new secret is made. The old one works for one more hour.'
            : 'What uses it is refused from now on. This cannot be undone.'}
        </p>
        {act.isError ? <Notice tone="bad">{sentence(act.error)}</Notice> : null}
        <div className="row">
          <Button kind={rotate ? 'main' : 'danger'} disabled={act.isPending} onClick={() => act.mutate()}>
            {rotate ? 'Rotate' : 'Revoke'}
          </Button>
          <Button onClick={onClose}>Leave it</Button>
        </div>
      </div>
    </Dialog>
  );
}
