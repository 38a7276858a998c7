/** The page: built once, then filled with what the application says every five seconds. */
import type { DashboardData, KindRow } from '../snapshot.ts';
import { complaints, facts, lead, slowestRoute } from './answer-first.ts';
import { Chart } from './chart.ts';
import { el, foreign, plain } from './dom.ts';
import { bytes, clock, count, decimal, duration } from './format.ts';
import { load, Refusal, reasonOf } from './poll.ts';
import type { Table } from './table.ts';
import {
  errorTable,
  exportTable,
  fallbackTable,
  kindTable,
  type NameLine,
  nameTable,
  notableTable,
  poolTable,
  routeTable,
  settingTable,
} from './tables.ts';

const REFRESH_MS = 5000;
const RANGES = [5, 15, 30];

const state = { minutes: minutesOf(location.hash), paused: false, failedSince: 0, loadedAt: 0 };

function minutesOf(hash: string): number {
  return RANGES.find((range) => hash === `#${range}m`) ?? 5;
}

const title = el('h1', {}, 'Dashboard');
const about = el('span', { class: 'dim' });
const freshness = el('span', { class: 'dim' });
const spoken = el('span', { class: 'spoken', role: 'status' });
const ranges = RANGES.map((range) => el('button', { type: 'button', click: () => chooseRange(range) }, `${range} min`));
const pause = el('button', { type: 'button', click: () => togglePause() }, 'Pause');
const leave = el('button', { type: 'button', click: () => void signOut() }, 'Sign out');
const trouble = el('div', { class: 'note bad', role: 'alert', hidden: true });
const notes = el('div');
const sentence = el('p', { class: 'lead' });
const numbers = el('div', { class: 'facts' });

const perSecond = (value: number) => decimal(value);
const charts = {
  requests: new Chart('Requests a second', perSecond),
  durations: new Chart('Duration of requests', duration),
  delay: new Chart('Delay of the event loop', (milliseconds) => duration(milliseconds / 1000)),
  memory: new Chart('Memory', bytes, 1024 ** 2),
};

const routes = routeTable();
const kinds = kindTable();
let notable: ReturnType<typeof notableTable> | undefined;
const pools = poolTable();
const fallbacks = fallbackTable();
const exporting = exportTable();
const errors = errorTable();
const settings = settingTable();

const kindsNote = el('p', { class: 'dim' });
const slowNote = el('p', { class: 'dim' });
const notablePlace = el('div');
const names = el('div');
const nameTables = new Map<
  string,
  { readonly details: HTMLElement; readonly head: HTMLElement; readonly table: Table<NameLine> }
>();

const section = (heading: string, ...children: Node[]) => el('section', {}, el('h2', {}, heading), ...children);

const header = el(
  'header',
  {},
  el('p', { class: 'brand' }, 'night', el('i', {}, 'shift')),
  title,
  about,
  el('span', { class: 'space' }),
  freshness,
  el('div', { class: 'ranges', role: 'group', 'aria-label': 'Time that is shown' }, ...ranges),
  pause,
  leave,
);

const content = el(
  'div',
  { hidden: true },
  notes,
  sentence,
  numbers,
  el('div', { class: 'grid' }, ...Object.values(charts).map(({ element }) => element)),
  section('Requests by route', routes.element),
  section('Slowest and failed operations', slowNote, notablePlace),
  section('Operations by kind', kindsNote, kinds.element, names),
  el(
    'div',
    { class: 'grid' },
    section('Database pools', pools.element),
    section('Fallbacks, since start', fallbacks.element),
    section('What is pushed, since start', exporting.element),
    section('Errors of the library itself', errors.element),
  ),
  section('Settings, and where each comes from', settings.element),
);

function fill(data: DashboardData): void {
  title.textContent = plain(data.service) || 'Dashboard';
  document.title = `${plain(data.service) || 'Dashboard'} · nightshift`;
  about.replaceChildren(foreign(data.version), ` process ${data.process.pid} · Node ${data.process.node}`);
  notes.replaceChildren(...complaints(data));
  const slowest = slowestRoute(data);
  const said = lead(data);
  sentence.replaceChildren(said, ...(said.endsWith(': ') ? [foreign(slowest), '.'] : []));
  numbers.replaceChildren(...facts(data));
  fillCharts(data);
  const seconds = data.http?.seconds ?? 0;
  routes.update((data.http?.routes ?? []).map((row) => ({ ...row, perSecond: seconds > 0 ? row.count / seconds : 0 })));
  fillKinds(data);
  slowNote.textContent = `What takes ${duration(data.slowFrom)} or longer is slow. These are always kept, whatever is sampled.`;
  if (!notable) {
    notable = notableTable(data.slowFrom);
    notablePlace.append(notable.element);
  }
  notable.update(data.notable);
  pools.update(data.pools);
  fallbacks.update(data.fallbacks);
  exporting.update(data.exports ?? []);
  errors.update(data.errors);
  settings.update(data.settings.toSorted((a, b) => Number(a.from === 'default') - Number(b.from === 'default')));
}

function fillCharts({ points, minutes }: DashboardData): void {
  const { times } = points;
  charts.requests.update(minutes, times, [
    { name: 'all', values: points.requestRate },
    { name: 'failed', values: points.failureRate, isFailure: true },
  ]);
  charts.durations.update(minutes, times, [
    { name: 'p50', values: points.p50 },
    { name: 'p95', values: points.p95 },
    { name: 'p99', values: points.p99 },
  ]);
  charts.delay.update(minutes, times, [
    { name: 'p99', values: points.delayP99 },
    { name: 'most', values: points.delayMaximum },
  ]);
  charts.memory.update(minutes, times, [
    { name: 'all', values: points.rss },
    { name: 'heap', values: points.heapUsed },
  ]);
}

function fillKinds(data: DashboardData): void {
  const isSampled = data.kinds.some(({ rate, kept, total }) => rate < 1 || kept < total.count);
  const last = `Durations are of the last ${count(data.bufferSize)} kept of each kind at most`;
  kindsNote.textContent = isSampled
    ? `Counts since start are of all operations. ${last}; where only a sample is kept they are estimates, in which each one stands for those that were not.`
    : `Counts since start are of all operations. ${last}; nothing is sampled.`;
  kinds.update(
    data.kinds.map((row) => ({
      ...row,
      byName: [],
      perSecond: data.points.kinds[row.kind] ?? [],
      target: data.samplingTarget,
    })),
  );
  for (const kind of data.kinds) fillNames(kind);
}

function fillNames(row: KindRow): void {
  let known = nameTables.get(row.kind);
  if (!known) {
    const table = nameTable(plain(row.kind));
    const head = el('summary');
    known = { details: el('details', {}, head, table.element), head, table };
    nameTables.set(row.kind, known);
    names.append(known.details);
  }
  const isEstimate = row.kept < row.total.count;
  const about = row.recent.since === 0 ? '' : `, since ${clock(row.recent.since)}`;
  const all = count(row.recent.count);
  known.head.replaceChildren(
    foreign(row.kind),
    ` by name: ${isEstimate ? `about ${all}, estimated from what was kept` : all}${about}`,
  );
  known.table.update(row.byName.map((one) => ({ ...one, isEstimate })));
}

function showRange(): void {
  for (const [place, button] of ranges.entries()) {
    button.setAttribute('aria-pressed', String(RANGES[place] === state.minutes));
  }
}

function chooseRange(minutes: number): void {
  state.minutes = minutes;
  history.replaceState(null, '', `#${minutes}m`);
  showRange();
  void refresh();
}

function togglePause(): void {
  state.paused = !state.paused;
  pause.textContent = state.paused ? 'Go on' : 'Pause';
  if (!state.paused) void refresh();
  showFreshness();
}

function showFreshness(): void {
  const at = state.loadedAt === 0 ? '' : clock(state.loadedAt);
  freshness.textContent = state.paused ? `paused at ${at}` : state.failedSince > 0 ? `of ${at}` : `live · ${at}`;
}

let asked = 0;

/** An answer that was overtaken by a later question is dropped. */
async function refresh(): Promise<void> {
  const own = ++asked;
  try {
    const data = await load(state.minutes);
    if (own !== asked) return;
    fill(data);
    state.loadedAt = Date.now();
    content.hidden = false;
    waiting?.remove();
    if (state.failedSince > 0) spoken.textContent = 'The page is up to date again.';
    state.failedSince = 0;
    trouble.hidden = true;
  } catch (error) {
    if (own === asked) failed(error);
  }
  showFreshness();
}

function failed(error: unknown): void {
  if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
    location.reload();
    return;
  }
  if (state.failedSince === 0) {
    state.failedSince = Date.now();
    spoken.textContent = '';
  }
  const since = state.loadedAt === 0 ? '' : ` What you see is of ${clock(state.loadedAt)}.`;
  const text = `Not refreshed since ${clock(state.failedSince)}: ${reasonOf(error)}. It is tried again every 5 s.${since}`;
  if (trouble.textContent !== text) trouble.textContent = text;
  trouble.hidden = false;
  waiting?.remove();
}

async function signOut(): Promise<void> {
  await fetch(`?logout=${encodeURIComponent(location.pathname)}`, { method: 'POST' }).catch(() => undefined);
  location.reload();
}

const page = document.querySelector('#page')!;
const waiting = document.querySelector<HTMLElement>('#waiting');
page.append(header, spoken, trouble, content);
showRange();
setTimeout(() => {
  if (waiting) waiting.hidden = false;
}, 200);
setInterval(() => {
  if (!state.paused && document.visibilityState === 'visible') void refresh();
}, REFRESH_MS);
document.addEventListener('visibilitychange', () => {
  if (!state.paused && document.visibilityState === 'visible') void refresh();
});
void refresh();
