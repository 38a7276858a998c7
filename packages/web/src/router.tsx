import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
  retainSearchParams,
} from '@tanstack/react-router';
import { ApiFailure } from './api/http.ts';
import { CardinalityPage } from './pages/cardinality/CardinalityPage.tsx';
import { IncidentPage } from './pages/IncidentPage.tsx';
import { IncidentReportPage } from './pages/IncidentReportPage.tsx';
import { IncidentsPage } from './pages/IncidentsPage.tsx';
import { LoginPage } from './pages/LoginPage.tsx';
import { LogsPage } from './pages/LogsPage.tsx';
import { MetricsPage } from './pages/MetricsPage.tsx';
import { CrashPage, NotFoundPage } from './pages/NotFoundPage.tsx';
import { NowPage } from './pages/NowPage.tsx';
import { ReleasesPage } from './pages/ReleasesPage.tsx';
import { ServicesPage } from './pages/ServicesPage.tsx';
import { SettingsPage } from './pages/SettingsPage.tsx';
import { TracePage } from './pages/TracePage.tsx';
import { Shell } from './shell/Shell.tsx';
import { validRange } from './time/range.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage });
const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: LoginPage,
  validateSearch: (search: Record<string, unknown>) => ({ next: text(search.next) }),
});
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  validateSearch: validRange,
  search: { middlewares: [retainSearchParams(['range', 'start', 'end'])] },
});
const under = () => shell;
const logs = createRoute({
  getParentRoute: under,
  path: '/logs',
  component: LogsPage,
  validateSearch: (search: Record<string, unknown>) => ({
    service: text(search.service),
    severity: text(search.severity),
    q: text(search.q),
    trace: text(search.trace),
  }),
});
const metrics = createRoute({
  getParentRoute: under,
  path: '/metrics',
  component: MetricsPage,
  validateSearch: (search: Record<string, unknown>) => ({ query: text(search.query) }),
});

const cardinality = createRoute({
  getParentRoute: under,
  path: '/cardinality',
  component: CardinalityPage,
  validateSearch: (search: Record<string, unknown>) => ({ match: text(search.match) }),
});

const routeTree = root.addChildren([
  login,
  shell.addChildren([
    createRoute({ getParentRoute: under, path: '/', component: NowPage }),
    createRoute({ getParentRoute: under, path: '/services', component: ServicesPage }),
    createRoute({ getParentRoute: under, path: '/releases', component: ReleasesPage }),
    createRoute({ getParentRoute: under, path: '/incidents', component: IncidentsPage }),
    createRoute({ getParentRoute: under, path: '/incidents/$id', component: IncidentPage }),
    createRoute({ getParentRoute: under, path: '/incidents/$id/report', component: IncidentReportPage }),
    createRoute({ getParentRoute: under, path: '/traces/$id', component: TracePage }),
    createRoute({ getParentRoute: under, path: '/settings', component: SettingsPage }),
    logs,
    metrics,
    cardinality,
  ]),
]);

/** Addresses keep plain text (`?q=500`), not JSON, so that a person can read and type them. */
const router = createRouter({
  routeTree,
  defaultErrorComponent: CrashPage,
  scrollRestoration: true,
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(search))
      if (value !== undefined && value !== '') params.set(name, String(value));
    return params.size === 0 ? '' : `?${params}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

/** A session that ended anywhere leads to the login, and from there back to where the person was. */
function toLogin(error: unknown): void {
  if (!(error instanceof ApiFailure) || error.status !== 401 || router.state.location.pathname === '/login') return;
  queries.clear();
  void router.navigate({ to: '/login', search: { next: router.state.location.href } });
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: toLogin }),
  mutationCache: new MutationCache({ onError: toLogin }),
  defaultOptions: {
    queries: {
      staleTime: 1_000,
      retry: (failures, error) =>
        failures < 1 && error instanceof ApiFailure && (error.status === 0 || error.status >= 502),
      retryDelay: 500,
    },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
