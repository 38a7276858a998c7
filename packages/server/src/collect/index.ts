/** What a process that only collects needs: the agent. */
export { durationMs, durationPattern } from '../config/duration.ts';
export type { AgentVariable } from '../config/environment.ts';
export { nearest } from '../config/nearest.ts';
export { type HostMetrics, type HostMetricsOptions, startHostMetrics } from './host/host-metrics.ts';
export type { Decoded, JournalRecord } from './record.ts';
export { compileRelabelling, type Relabelling } from './relabel/relabel.ts';
export { isLabelName, type NameValidation, type RelabelRule } from './relabel/rule.ts';
export { durationText } from './scrape/config/format-duration.ts';
export { readGlobal } from './scrape/config/global.ts';
export { httpClientKeys, readHttpClient } from './scrape/config/http-client.ts';
export { type LoadedScrapeFile, loadScrapeFile } from './scrape/config/load.ts';
export { readRelabelRules } from './scrape/config/relabel-rules.ts';
export { readScrapeConfig } from './scrape/config/scrape-config.ts';
export { sizeOf } from './scrape/config/size.ts';
export {
  defaultGlobal,
  defaultHttpClient,
  type GlobalConfig,
  type HttpClientConfig,
  type ScrapeConfig,
} from './scrape/config/types.ts';
export { readYaml, ScrapeConfigError, YamlNode } from './scrape/config/yaml-node.ts';
export { createHttpClient, type HttpClient, type HttpResponse } from './scrape/http/client.ts';
export { fingerprint } from './scrape/pool.ts';
export { type PoolState, type Scraper, startScraper } from './scrape/scraper.ts';
export type { DroppedTarget, ScrapeTarget, TargetState } from './scrape/target.ts';
