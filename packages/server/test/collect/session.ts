import { compileRelabelling } from '../../src/collect/relabel/relabel.ts';
import type { ScrapeConfig } from '../../src/collect/scrape/config/types.ts';
import { createHttpClient, type HttpClient } from '../../src/collect/scrape/http/client.ts';
import { populate } from '../../src/collect/scrape/populate.ts';
import { ScrapeSession, type ScrapeSettings } from '../../src/collect/scrape/scrape.ts';
import type { ScrapeTarget } from '../../src/collect/scrape/target.ts';

/** The scrapes of the first target of a job, without its loop; `close` ends its connections. */
export function sessionOf(
  config: ScrapeConfig,
  packsSeries = false,
): {
  readonly session: ScrapeSession;
  readonly target: ScrapeTarget;
  /** Goes on by another configuration of the job. */
  reconfigure(config: ScrapeConfig): void;
  close(): Promise<void>;
} {
  const client = createHttpClient(config.http);
  const target = targetOf(config);
  const session = new ScrapeSession(target, settingsOf(config, client, packsSeries));
  const reconfigure = (next: ScrapeConfig) => session.update(targetOf(next), settingsOf(next, client, packsSeries));
  return { session, target, reconfigure, close: () => client.close() };
}

function targetOf(config: ScrapeConfig): ScrapeTarget {
  const [group] = config.staticGroups;
  const [labels] = group?.targets ?? [];
  if (!group || !labels) throw new Error('the job has no target');
  const found = populate(labels, group.labels, config, compileRelabelling(config.relabel));
  if (!('target' in found)) throw new Error(`no target: ${JSON.stringify(found)}`);
  return found.target;
}

function settingsOf(config: ScrapeConfig, client: HttpClient, packsSeries: boolean): ScrapeSettings {
  return {
    config,
    client,
    metricRelabelling: compileRelabelling(config.metricRelabel, config.nameValidation),
    packsSeries,
  };
}
