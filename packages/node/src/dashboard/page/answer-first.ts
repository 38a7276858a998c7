/** The top of the page: what is wrong with the settings, how it goes in words, and five numbers. */
import type { DashboardData } from '../snapshot.ts';
import { el, foreign } from './dom.ts';
import { bytes, count, decimal, duration, share } from './format.ts';

export function complaints(data: DashboardData): HTMLElement[] {
  const notes: HTMLElement[] = [];
  if (!data.enabled) {
    notes.push(note('lamp', 'The library is disabled (METRICS_ENABLED or OTEL_SDK_DISABLED): nothing is measured.'));
  }
  if (data.complaints.length > 0) {
    const list = data.complaints.map((complaint) => el('li', {}, foreign(complaint)));
    notes.push(note('lamp', 'The environment does not mean what it seems to mean:', el('ul', {}, ...list)));
  }
  const problems = data.exports?.filter(({ problem }) => problem !== '') ?? [];
  if (problems.length > 0) {
    const list = problems.map(({ signal, problem }) => el('li', {}, `${signal}: `, foreign(problem)));
    notes.push(note('lamp', 'What is pushed does not arrive:', el('ul', {}, ...list)));
  }
  return notes;
}

const note = (kind: string, ...children: (Node | string)[]): HTMLElement =>
  el('div', { class: `note ${kind}` }, ...children);

export function lead({ http, minutes, kinds }: DashboardData): string {
  const time = `in the last ${minutes} minutes`;
  if (!http) return kinds.length > 0 ? 'No HTTP is watched here; operations are below.' : 'Nothing has happened yet.';
  const { count: all, failed } = http.all;
  if (all === 0) return http.seconds > 0 ? `No request ${time}.` : 'The first numbers come within 5 seconds.';
  const slowest = http.routes.toSorted((a, b) => (b.p95 ?? 0) - (a.p95 ?? 0))[0];
  const slow = slowest && http.routes.length > 1 ? ' Slowest by its 95th percentile: ' : '';
  if (failed === 0)
    return `${all === 1 ? 'The only request' : `All ${count(all)} requests`} ${time} got an answer.${slow}`;
  return `${count(failed)} of ${count(all)} requests failed ${time}.${slow}`;
}

/** Of which the sentence speaks at its end. */
export function slowestRoute({ http }: DashboardData): string {
  if (!http || http.routes.length < 2) return '';
  return http.routes.toSorted((a, b) => (b.p95 ?? 0) - (a.p95 ?? 0))[0]?.name ?? '';
}

export function facts({ http, points }: DashboardData): HTMLElement[] {
  const { all, seconds } = http ?? { all: null, seconds: 0 };
  const delay = points.delayP99.at(-1);
  const memory = points.rss.at(-1);
  const failed = all !== null && all.failed > 0;
  return [
    fact(all && seconds > 0 ? decimal(all.count / seconds) : '–', 'requests a second'),
    fact(all ? share(all.failed, all.count) : '–', 'of them failed', failed),
    fact(all ? duration(all.p95) : '–', '95 of 100 took less'),
    fact(delay === undefined ? '–' : duration(delay / 1000), 'delay of the event loop, p99'),
    fact(memory === undefined ? '–' : bytes(memory), 'memory'),
  ];
}

const fact = (value: string, name: string, isBad = false): HTMLElement =>
  el('div', {}, el('strong', { class: isBad ? 'is-bad' : '' }, value), el('span', {}, name));
