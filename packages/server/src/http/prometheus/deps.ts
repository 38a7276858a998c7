import type { Scraper } from '../../collect/scrape/scraper.ts';
import type { FeatureFlag } from '../../query/features.ts';
import type { MetricQueries } from '../../query/promql.ts';
import type { Cardinality } from '../../store/cardinality.ts';
import type { MetricStore } from '../../store/store.ts';
import type { RuleManager } from '../../watch/rule-manager.ts';
import type { Log } from '../deps.ts';

/** What is told of the installation itself. */
export interface Installation {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly dataDir: string;
  /** The effective configuration as YAML, secrets hidden. */
  readonly configYaml: string;
  /** By Prometheus' own name where it has such a flag. */
  readonly flags: Readonly<Record<string, string>>;
  /** By category and name. */
  readonly features: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** How long samples are kept, such as `30d`. */
  readonly retention: string;
}

export interface PrometheusDeps {
  readonly queries: MetricQueries;
  readonly metrics: MetricStore;
  readonly cardinality: (limit: number) => Cardinality;
  readonly rules: RuleManager;
  readonly scraper: Pick<Scraper, 'targets' | 'pools'>;
  readonly installation: Installation;
  /** What of PromQL is switched on beyond its defaults. */
  readonly features: readonly FeatureFlag[];
  /** Host name under which others reach this machine. */
  readonly host: string;
  readonly log: Log;
  readonly now: () => number;
}
