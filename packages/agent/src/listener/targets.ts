import { hostname } from 'node:os';
import { durationText, type Scraper, type TargetState } from '@nightshift/server/collect';

const local: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** The address under which others reach the target. */
function globalUrl(url: string): string {
  const parsed = new URL(url);
  if (!local.includes(parsed.hostname)) return url;
  parsed.hostname = hostname();
  return parsed.href;
}

const never = '0001-01-01T00:00:00Z';

function activeTarget({ target, health, lastError, lastAt, lastTookMs }: TargetState): object {
  return {
    discoveredLabels: Object.fromEntries(target.discovered),
    labels: Object.fromEntries(target.labels),
    scrapePool: target.job,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url),
    lastError,
    lastScrape: lastAt === null ? never : new Date(lastAt).toISOString(),
    lastScrapeDuration: lastTookMs / 1000,
    health,
    scrapeInterval: durationText(target.intervalMs),
    scrapeTimeout: durationText(target.timeoutMs),
  };
}

/** The answer of Prometheus' /api/v1/targets (https://prometheus.io/docs/prometheus/latest/querying/api/#targets). */
export function targetsAnswer(scraper: Pick<Scraper, 'targets' | 'pools'>, query: URLSearchParams): object {
  const state = query.get('state')?.toLowerCase() ?? '';
  const pool = query.get('scrapePool') ?? '';
  const shows = (which: string) => state === '' || state === 'any' || state === which;
  const active = scraper.targets().filter(({ target }) => pool === '' || target.job === pool);
  const pools = scraper.pools().filter(({ job }) => pool === '' || job === pool);
  return {
    status: 'success',
    data: {
      activeTargets: shows('active') ? active.map(activeTarget) : [],
      droppedTargets: shows('dropped')
        ? pools.flatMap(({ dropped, job }) =>
            dropped.map(({ discovered }) => ({ discoveredLabels: Object.fromEntries(discovered), scrapePool: job })),
          )
        : [],
      droppedTargetCounts: Object.fromEntries(pools.map(({ job, droppedCount }) => [job, droppedCount])),
    },
  };
}
