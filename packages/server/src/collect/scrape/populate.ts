import type { Labels } from '@nightshift/wire';
import { durationMs, durationPattern } from '../../config/duration.ts';
import { LabelBuilder } from '../relabel/label-builder.ts';
import type { Relabelling } from '../relabel/relabel.ts';
import { durationText } from './config/format-duration.ts';
import type { ScrapeConfig } from './config/types.ts';
import type { DroppedTarget, ScrapeTarget } from './target.ts';

/** What becomes of something that a discovery found: a target, one that relabelling left out, or one that cannot be. */
export type Populated =
  | { readonly target: ScrapeTarget }
  | { readonly dropped: DroppedTarget }
  | { readonly mistake: string };

const sorted = (entries: Iterable<readonly [string, string]>): Labels =>
  new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

const histogramLabels = {
  __convert_classic_histograms_to_nhcb__: 'convert classic histograms to nhcb',
  __always_scrape_classic_histograms__: 'always scrape classic histograms',
  __scrape_native_histograms__: 'scrape native histograms',
} as const;

/** The labels that a target has before relabelling: its own, those of its group, and what the job says. */
function discoveredLabels(target: Labels, group: Labels, config: ScrapeConfig): Labels {
  const labels = new Map<string, string>([...group, ...target]);
  const ofJob: [string, string][] = [
    ['job', config.jobName],
    ['__scrape_interval__', durationText(config.intervalMs)],
    ['__scrape_timeout__', durationText(config.timeoutMs)],
    ['__metrics_path__', config.metricsPath],
    ['__scheme__', config.scheme],
    ['__convert_classic_histograms_to_nhcb__', String(config.classicToCustomBuckets)],
    ['__always_scrape_classic_histograms__', String(config.alwaysClassicHistograms)],
    ['__scrape_native_histograms__', String(config.nativeHistograms)],
  ];
  for (const [name, values] of Object.entries(config.params)) {
    if (values[0] !== undefined) ofJob.push([`__param_${name}`, values[0]]);
  }
  for (const [name, value] of ofJob) if (!labels.get(name)) labels.set(name, value);
  return sorted([...labels].filter(([, value]) => value !== ''));
}

function urlOf(labels: LabelBuilder, config: ScrapeConfig): string {
  const params = new URLSearchParams();
  const names = labels.names().filter((name) => name.startsWith('__param_'));
  const all = new Set([...Object.keys(config.params), ...names.map((name) => name.slice('__param_'.length))]);
  for (const name of [...all].sort()) {
    const own = labels.get(`__param_${name}`);
    const [first, ...more] = config.params[name] ?? [];
    for (const value of [own || first, ...more]) if (value !== undefined) params.append(name, value);
  }
  const query = params.toString();
  const path = labels.get('__metrics_path__');
  const slash = path === '' || path.startsWith('/') ? '' : '/';
  const address = `${labels.get('__scheme__')}://${labels.get('__address__')}`;
  return `${address}${slash}${path.replaceAll('%', '%25').replaceAll('?', '%3F').replaceAll('#', '%23')}${query === '' ? '' : `?${query}`}`;
}

/** Milliseconds of a label, or what is wrong with it. */
function duration(text: string, what: string): number | string {
  if (!durationPattern.test(text)) return `error parsing ${what}: not a valid duration string: ${JSON.stringify(text)}`;
  return durationMs(text) || `${what} cannot be 0`;
}

const truth: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false])),
};

function histogramMistake(labels: LabelBuilder): string {
  for (const [name, what] of Object.entries(histogramLabels)) {
    const text = labels.get(name);
    if (text !== '' && truth[text] === undefined) {
      return `error parsing ${what}: ${JSON.stringify(text)} is not true or false`;
    }
  }
  return '';
}

function checked(labels: LabelBuilder): { intervalMs: number; timeoutMs: number } | string {
  const address = labels.get('__address__');
  if (address === '') return 'no address';
  if (address.includes('/')) return `${JSON.stringify(address)} is not a valid hostname`;
  const intervalMs = duration(labels.get('__scrape_interval__'), 'scrape interval');
  if (typeof intervalMs === 'string') return intervalMs;
  const timeoutMs = duration(labels.get('__scrape_timeout__'), 'scrape timeout');
  if (typeof timeoutMs === 'string') return timeoutMs;
  if (timeoutMs > intervalMs) {
    const [timeout, interval] = [labels.get('__scrape_timeout__'), labels.get('__scrape_interval__')];
    return `scrape timeout cannot be greater than scrape interval ("${timeout}" > "${interval}")`;
  }
  return histogramMistake(labels) || { intervalMs, timeoutMs };
}

/**
 * Makes a target of what a discovery found, as Prometheus does (scrape/target.go, PopulateLabels): the labels of the job
 * are filled in, relabelling is applied, and labels that begin with `__` say how it is scraped and then go.
 */
export function populate(target: Labels, group: Labels, config: ScrapeConfig, relabelling: Relabelling): Populated {
  const discovered = discoveredLabels(target, group, config);
  const labels = new LabelBuilder().reset(discovered);
  if (!relabelling.change(labels)) return { dropped: { job: config.jobName, discovered } };
  const times = checked(labels);
  if (typeof times === 'string') return { mistake: times };
  const url = urlOf(labels, config);
  if (!URL.canParse(url)) return { mistake: `${JSON.stringify(url)} is not an address` };
  if (labels.get('instance') === '') labels.set('instance', labels.get('__address__'));
  const entries = labels.names().map((name) => [name, labels.get(name)] as const);
  const own = entries.filter(([name]) => !name.startsWith('__meta_')).sort(([a], [b]) => (a < b ? -1 : 1));
  const flag = (name: keyof typeof histogramLabels, fallback: boolean) => truth[labels.get(name)] ?? fallback;
  return {
    target: {
      job: config.jobName,
      url,
      instance: labels.get('instance'),
      labels: new Map(own.filter(([name]) => !name.startsWith('__'))),
      ...times,
      discovered,
      key: JSON.stringify([url, own]),
      nativeHistograms: flag('__scrape_native_histograms__', config.nativeHistograms),
      alwaysClassicHistograms: flag('__always_scrape_classic_histograms__', config.alwaysClassicHistograms),
      classicToCustomBuckets: flag('__convert_classic_histograms_to_nhcb__', config.classicToCustomBuckets),
    },
  };
}
