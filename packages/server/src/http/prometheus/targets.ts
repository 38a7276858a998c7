import { compileMatchers, PromqlParseError, parseSelector } from '@nightshift/promql';
import type { Labels, MetricMetadata } from '@nightshift/wire';
import { stringify } from 'yaml';
import type { ScrapeTarget, TargetState } from '../../collect/scrape/target.ts';
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

/** What was known of a target before labels were made of it, by the names that Prometheus has for it. */
function discoveredLabels(target: ScrapeTarget): Record<string, string> {
  const { protocol, host, pathname, search } = new URL(target.url);
  return {
    ...Object.fromEntries([...target.labels].filter(([name]) => name !== 'instance')),
    __address__: host,
    __metrics_path__: pathname + search,
    __scheme__: protocol.slice(0, -1),
    __scrape_interval__: formatDuration(target.intervalMs),
    __scrape_timeout__: formatDuration(target.timeoutMs),
  };
}

function activeTarget({ target, health, lastError, lastAt, lastTookMs }: TargetState, host: string): object {
  return {
    discoveredLabels: discoveredLabels(target),
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
  };
}

const poolsOf = (targets: readonly TargetState[]): string[] =>
  [...new Set(targets.map(({ target }) => target.job))].sort();

/** Nothing is relabelled, so that no target is ever dropped. */
function targetsAnswer(targets: readonly TargetState[], parameters: Parameters, host: string): object {
  const pool = parameters.text('scrapePool');
  const state = parameters.text('state').toLowerCase();
  const shown = (which: string) => state === '' || state === 'any' || state === which;
  const wanted = targets.filter(({ target }) => pool === '' || target.job === pool);
  return {
    activeTargets: shown('active') ? wanted.map((each) => activeTarget(each, host)) : [],
    droppedTargets: [],
    droppedTargetCounts: shown('dropped') ? Object.fromEntries(poolsOf(targets).map((each) => [each, 0])) : {},
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

function labelsParameter(text: string): void {
  if (text === '') throw badData('no labels parameter provided');
  try {
    const labels: unknown = JSON.parse(text);
    if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw new Error('not a map of labels');
  } catch (error) {
    throw badData(`error parsing labels: ${error instanceof Error ? error.message : error}`);
  }
}

/** A job in the form of Prometheus' configuration, as far as it has a setting for it. */
function poolYaml(targets: readonly TargetState[], pool: string): string {
  const all = targets.filter(({ target }) => target.job === pool).map(({ target }) => target);
  const [first] = all;
  if (!first) throw badData(`error retrieving scrape config: scrape pool ${JSON.stringify(pool)} not found`);
  const { __scrape_interval__, __scrape_timeout__, __metrics_path__, __scheme__ } = discoveredLabels(first);
  const own = [...first.labels].filter(([name]) => name !== 'job' && name !== 'instance');
  return stringify({
    job_name: pool,
    scrape_interval: __scrape_interval__,
    scrape_timeout: __scrape_timeout__,
    metrics_path: __metrics_path__,
    scheme: __scheme__,
    static_configs: [
      { targets: all.map(({ url }) => new URL(url).host), ...(own.length > 0 && { labels: Object.fromEntries(own) }) },
    ],
  });
}

export const targetRoutes = ({ scraper, host }: PrometheusDeps): Route[] => [
  get('/scrape_pools', () => ({ data: { scrapePools: poolsOf(scraper.targets()) } })),
  get('/scrape_pools/config', ({ parameters }) => {
    const pool = parameters.text('scrapePool');
    if (pool === '') throw badData('no scrapePool parameter provided');
    return { data: { yaml: poolYaml(scraper.targets(), pool) } };
  }),
  get('/targets', ({ parameters }) => ({ data: targetsAnswer(scraper.targets(), parameters, host) })),
  get('/targets/metadata', ({ parameters }) => ({ data: targetMetadata(scraper.targets(), parameters) })),
  get('/targets/relabel_steps', ({ parameters }) => {
    const pool = parameters.text('scrapePool');
    if (pool === '') throw badData('no scrapePool parameter provided');
    labelsParameter(parameters.text('labels'));
    if (!poolsOf(scraper.targets()).includes(pool)) {
      throw badData(`error retrieving scrape config: scrape pool ${JSON.stringify(pool)} not found`);
    }
    return { data: { steps: [] } };
  }),
];
