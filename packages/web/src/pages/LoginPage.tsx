import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { login, meQuery } from '../api/session.ts';
import { Button } from '../design/Button.tsx';
import { Field } from '../design/Field.tsx';
import { sentence } from '../design/Load.tsx';
import { Notice } from '../design/Notice.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { returnPath } from '../session/return-path.ts';

export function LoginPage() {
  const { next } = useSearch({ from: '/login' });
  const router = useRouter();
  const queries = useQueryClient();
  const [form, setForm] = useState({ name: '', password: '' });
  const enter = useMutation({
    mutationFn: () => login(form.name, form.password),
    onSuccess: (me) => {
      queries.setQueryData(meQuery.queryKey, me);
      router.history.push(returnPath(next, location.origin));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate();
  };
  return (
    <main className="login">
      <PageHead title="Sign in" about="to Nightshift" />
      {enter.isError ? <Notice tone="bad">{sentence(enter.error)}</Notice> : null}
      <form className="form form-tall" onSubmit={submit}>
        <Field
          label="Name"
          name="name"
          autoComplete="username"
          required
          autoCapitalize="none"
          value={form.name}
          onChange={(event) => setForm({ ...form, name: event.target.value })}
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={form.password}
          note="After the first start, it is the one-time password that start printed."
          onChange={(event) => setForm({ ...form, password: event.target.value })}
        />
        <Button kind="main" type="submit" disabled={enter.isPending}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
