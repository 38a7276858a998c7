import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { filesOf } from '../sd/glob.ts';
import { readGlobal } from './global.ts';
import { absolute } from './http-client.ts';
import { readScrapeConfig, unusedJobKeys } from './scrape-config.ts';
import type { GlobalConfig, ScrapeConfig } from './types.ts';
import { readYaml, ScrapeConfigError, type YamlNode } from './yaml-node.ts';

export interface LoadedScrapeFile {
  readonly global: GlobalConfig;
  readonly configs: readonly ScrapeConfig[];
  /** Keys that are written and have no effect, most of them because they have nothing to do with scraping. */
  readonly unused: readonly string[];
}

/** What else a prometheus.yml may say; Nightshift has its own settings for it. */
const foreignKeys = ['rule_files', 'alerting', 'remote_write', 'remote_read', 'storage', 'tracing', 'runtime', 'otlp'];

const unusedGlobalKeys = ['evaluation_interval', 'rule_query_offset', 'query_log_file'];

/** Files may be named by `*` in their last part only. */
const filePattern = /^[^*]*(\*[^/]*)?$/;

interface Jobs {
  readonly configs: ScrapeConfig[];
  readonly unused: string[];
  /** Where a job's name was found first. */
  readonly names: Map<string, string>;
}

function readJobs(node: YamlNode, global: GlobalConfig, dir: string, place: string, jobs: Jobs): void {
  for (const item of node.items()) {
    const config = readScrapeConfig(item, global, dir);
    const { jobName } = config;
    const first = jobs.names.get(jobName);
    if (first !== undefined) {
      const where = first === place ? '' : `, first found in ${first}`;
      item.get('job_name').fail(`found multiple scrape configs with job name ${JSON.stringify(jobName)}${where}`);
    } else if (jobName !== '') jobs.names.set(jobName, place);
    jobs.configs.push(config);
    const unused = unusedJobKeys.filter((key) => item.get(key).isGiven);
    jobs.unused.push(...unused.map((key) => `${key} of the job ${JSON.stringify(jobName)}`));
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ScrapeConfigError([`${file}: ${missing ? 'there is no such file' : `cannot be read: ${error}`}`]);
  }
}

/** Runs all and throws what they threw, as one. */
function together(parts: readonly (() => void)[]): void {
  const offences: string[] = [];
  for (const part of parts) {
    try {
      part();
    } catch (error) {
      if (!(error instanceof ScrapeConfigError)) throw error;
      offences.push(...error.offences);
    }
  }
  if (offences.length > 0) throw new ScrapeConfigError(offences);
}

/**
 * Reads a Prometheus configuration file (https://prometheus.io/docs/prometheus/latest/configuration/configuration/) as
 * far as it is about scraping, and the files of its `scrape_config_files`. Throws ScrapeConfigError with every mistake of
 * all of them.
 */
export function loadScrapeFile(file: string): LoadedScrapeFile {
  const dir = dirname(file);
  const jobs: Jobs = { configs: [], unused: [], names: new Map() };
  let global: GlobalConfig | undefined;
  let more: string[] = [];
  let unused: string[] = [];
  const main = () =>
    readYaml(readFile(file), file, (root) => {
      root.expectKeys(['global', 'scrape_configs', 'scrape_config_files', ...foreignKeys]);
      unused = [
        ...foreignKeys.filter((key) => root.get(key).isGiven),
        ...unusedGlobalKeys.filter((key) => root.get('global').get(key).isGiven).map((key) => `global.${key}`),
      ];
      global = readGlobal(root.get('global'), dir);
      for (const pattern of root.get('scrape_config_files').items()) {
        if (filePattern.test(pattern.text())) more.push(absolute(dir, pattern.text()));
        else pattern.fail(`invalid scrape config file path ${JSON.stringify(pattern.text())}`);
      }
      readJobs(root.get('scrape_configs'), global, dir, 'the main configuration file', jobs);
    });
  const others = () => {
    more = more.flatMap(filesOf);
    together(
      more.map((other) => () => {
        readYaml(readFile(other), other, (root) => {
          root.expectKeys(['scrape_configs']);
          if (global) readJobs(root.get('scrape_configs'), global, dirname(other), other, jobs);
        });
      }),
    );
  };
  together([main, others]);
  return { global: global as GlobalConfig, configs: jobs.configs, unused: [...unused, ...jobs.unused] };
}
