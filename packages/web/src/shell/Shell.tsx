import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { incidentsQuery } from '../api/incidents.ts';
import { logout, meQuery } from '../api/session.ts';
import { Failed } from '../design/Load.tsx';
import { Nav } from '../design/Nav.tsx';
import { Notice } from '../design/Notice.tsx';
import { isOpen } from '../figures/incident.ts';
import { Palette } from './Palette.tsx';

/** What stands around every page. Nothing is asked for before it is known who asks. */
export function Shell() {
  const me = useQuery(meQuery);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [finding, setFinding] = useState(false);
  const incidents = useQuery({ ...incidentsQuery, enabled: me.isSuccess });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setFinding((open) => !open);
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  if (me.data === undefined) {
    return me.isError ? (
      <main className="frame-main">
        <title>Nightshift</title>
        <Failed error={me.error} what="this page" retry={() => void me.refetch()} />
      </main>
    ) : null;
  }
  const leave = async () => {
    await logout().catch(() => undefined);
    queries.clear();
    void navigate({ to: '/login', search: {} });
  };
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Nav
        name={me.data.name}
        open={incidents.data?.filter(isOpen).length ?? 0}
        onFind={() => setFinding(true)}
        onLeave={() => void leave()}
      />
      <main className="frame-main" id="main" tabIndex={-1}>
        {me.data.mustChangePassword ? (
          <Notice tone="lamp">
            <span>This is still the one-time password of the first start. Anyone who saw that start can sign in.</span>
            <Link to="/settings">Change it now</Link>
          </Notice>
        ) : null}
        <Outlet />
      </main>
      {finding ? <Palette onClose={() => setFinding(false)} /> : null}
    </div>
  );
}
