import { loadScrapeFile } from '../collect/scrape/config/load.ts';
import { configOf } from '../collect/scrape/config/simple-job.ts';
import type { ScrapeConfig } from '../collect/scrape/config/types.ts';
import { ScrapeConfigError } from '../collect/scrape/config/yaml-node.ts';
import type { Config } from '../config/schema.ts';

/** All jobs: those of `scrape` and those of the Prometheus file. Throws ScrapeConfigError with every mistake of the file. */
export function loadScrapeConfigs(
  { scrape, scrapeConfigFile: file }: Pick<Config, 'scrape' | 'scrapeConfigFile'>,
  say: (message: string) => void,
): ScrapeConfig[] {
  const own = scrape.map((job) => configOf({ ...job, intervalMs: job.interval, timeoutMs: job.timeout }));
  if (file === '') return own;
  const { configs, unused, global } = loadScrapeFile(file);
  // What leaves gets the labels of Nightshift's own setting.
  const all = global.externalLabels.size > 0 ? [...unused, 'global.external_labels'] : unused;
  if (all.length > 0) say(`${file}: not used: ${all.join(', ')}`);
  const names = new Set(own.map(({ jobName }) => jobName));
  const twice = configs.filter(({ jobName }) => names.has(jobName));
  if (twice.length > 0) {
    throw new ScrapeConfigError(
      twice.map(({ jobName }) => `${file}: the job ${JSON.stringify(jobName)} is in the list \`scrape\` as well`),
    );
  }
  return [...own, ...configs];
}
