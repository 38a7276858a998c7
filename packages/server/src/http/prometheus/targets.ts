import { compileMatchers, PromqlParseError, parseSelector } from '@nightshift/promql';
import type { Labels, MetricMetadata } from '@nightshift/wire';
import { stringify } from 'yaml';
import { compileRelabelling } from '../../collect/relabel/relabel.ts';
import { type RelabelRule, relabelDefaults } from '../../collect/relabel/rule.ts';
import type { PoolState } from '../../collect/scrape/scraper.ts';
import type { TargetState } from '../../collect/scrape/target.ts';
import type { PrometheusDeps } from './deps.ts';
import { formatDuration } from './durations.ts';
import { badData, invalidParameter } from './failure.ts';
import type { Parameters } from './parameters.ts';
import { get, type Route } from './route.ts';
import { iso } from './times.ts';

const local: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** The address under which others reach the target. */
function globalUrl(url: string, host: string): string {
  const parsed = new URL(url);
  if (!local.includes(parsed.hostname)) return url;
  parsed.hostname = host;
  return parsed.href;
}

function activeTarget(state: TargetState, host: string): object {
  const { target, health, lastError, lastAt, lastTookMs, refusedSamples, lastRefusal } = state;
  return {
    discoveredLabels: Object.fromEntries(target.discovered),
    labels: Object.fromEntries(target.labels),
    scrapePool: target.job,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, host),
    lastError,
    lastScrape: iso(lastAt),
    lastScrapeDuration: lastTookMs / 1000,
    health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.timeoutMs),
    // Not of Prometheus, which tells of them in its log.
    ...(refusedSamples > 0 && { refusedSamples, lastRefusal }),
  };
}

type Targets = PrometheusDeps['scraper'];

const poolNames = (scraper: Targets): string[] =>
  scraper
    .pools()
    .map(({ job }) => job)
    .sort();

function targetsAnswer(scraper: Targets, parameters: Parameters, host: string): object {
  const pool = parameters.text('scrapePool');
  const state = parameters.text('state').toLowerCase();
  const shown = (which: string) => state === '' || state === 'any' || state === which;
  const active = scraper.targets().filter(({ target }) => pool === '' || target.job === pool);
  const dropped = scraper.pools().filter(({ job }) => pool === '' || job === pool);
  return {
    activeTargets: shown('active') ? active.map((each) => activeTarget(each, host)) : [],
    droppedTargets: shown('dropped')
      ? dropped.flatMap(({ job, dropped: all }) =>
          all.map(({ discovered }) => ({ discoveredLabels: Object.fromEntries(discovered), scrapePool: job })),
        )
      : [],
    droppedTargetCounts: shown('dropped')
      ? Object.fromEntries(scraper.pools().map(({ job, droppedCount }) => [job, droppedCount]))
      : {},
  };
}

function accepts(selector: string): (labels: Labels) => boolean {
  if (selector === '') return () => true;
  try {
    return compileMatchers(parseSelector(selector));
  } catch (error) {
    throw error instanceof PromqlParseError ? invalidParameter('match_target', error.message) : error;
  }
}

/** All of a target's metadata, or that of one metric, which is then not named again. */
function metadataOf({ target, metadata }: TargetState, metric: string): object[] {
  const shown = ({ name, type, help, unit }: MetricMetadata) => ({
    target: Object.fromEntries(target.labels),
    ...(metric === '' && { metric: name }),
    type,
    help,
    unit,
  });
  return metadata.filter(({ name }) => metric === '' || name === metric).map(shown);
}

function targetMetadata(targets: readonly TargetState[], parameters: Parameters): object[] {
  const limit = parameters.wholeNumber('limit') ?? -1;
  const wanted = accepts(parameters.text('match_target'));
  const metric = parameters.text('metric');
  const found: object[] = [];
  for (const each of targets) {
    // As in Prometheus, the limit ends the search between targets, not within one.
    if (limit >= 0 && found.length >= limit) break;
    if (wanted(each.target.labels)) found.push(...metadataOf(each, metric));
  }
  return found;
}

function labelsParameter(text: string): Labels {
  if (text === '') throw badData('no labels parameter provided');
  try {
    const labels: unknown = JSON.parse(text);
    if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw new Error('not a map of labels');
    const entries = Object.entries(labels).map(([name, value]): [string, string] => {
      if (typeof value !== 'string') throw new Error(`the value of ${JSON.stringify(name)} is not a text`);
      return [name, value];
    });
    return new Map(entries.filter(([, value]) => value !== '').sort(([one], [other]) => (one < other ? -1 : 1)));
  } catch (error) {
    throw badData(`error parsing labels: ${error instanceof Error ? error.message : error}`);
  }
}

function poolOf(scraper: Targets, name: string): PoolState {
  if (name === '') throw badData('no scrapePool parameter provided');
  const pool = scraper.pools().find(({ job }) => job === name);
  if (!pool) throw badData(`error retrieving scrape config: scrape pool ${JSON.stringify(name)} not found`);
  return pool;
}

/** A rule in the words of the configuration, with what it takes where nothing is written. */
const shownRule = (rule: RelabelRule): object => ({
  ...(rule.sourceLabels && { source_labels: rule.sourceLabels }),
  separator: rule.separator ?? relabelDefaults.separator,
  regex: rule.regex ?? relabelDefaults.regex,
  ...(rule.modulus && { modulus: Number(rule.modulus) }),
  ...(rule.targetLabel && { target_label: rule.targetLabel }),
  replacement: rule.replacement ?? relabelDefaults.replacement,
  action: rule.action || relabelDefaults.action,
});

/** What becomes of labels rule by rule. After the rule that drops them nothing is left. */
function relabelSteps({ config }: PoolState, labels: Labels): object[] {
  let current: Labels | undefined = labels;
  return config.relabel.map((rule) => {
    current = current && compileRelabelling([rule], config.nameValidation).apply(current);
    return { rule: shownRule(rule), output: Object.fromEntries(current ?? []), keep: current !== undefined };
  });
}

export const targetRoutes = ({ scraper, host }: PrometheusDeps): Route[] => [
  get('/scrape_pools', () => ({ data: { scrapePools: poolNames(scraper) } })),
  get('/scrape_pools/config', ({ parameters }) => {
    return { data: { yaml: stringify(poolOf(scraper, parameters.text('scrapePool')).config.shown) } };
  }),
  get('/targets', ({ parameters }) => ({ data: targetsAnswer(scraper, parameters, host) })),
  get('/targets/metadata', ({ parameters }) => ({ data: targetMetadata(scraper.targets(), parameters) })),
  get('/targets/relabel_steps', ({ parameters }) => {
    if (parameters.text('scrapePool') === '') throw badData('no scrapePool parameter provided');
    const labels = labelsParameter(parameters.text('labels'));
    return { data: { steps: relabelSteps(poolOf(scraper, parameters.text('scrapePool')), labels) } };
  }),
];
