import { compileRelabelling } from '../../src/collect/relabel/relabel.ts';
import type { ScrapeConfig } from '../../src/collect/scrape/config/types.ts';
import { createHttpClient } from '../../src/collect/scrape/http/client.ts';
import { populate } from '../../src/collect/scrape/populate.ts';
import { ScrapeSession } from '../../src/collect/scrape/scrape.ts';
import type { ScrapeTarget } from '../../src/collect/scrape/target.ts';

/** The scrapes of the first target of a job, without its loop; `close` ends its connections. */
export function sessionOf(
  config: ScrapeConfig,
  packsSeries = false,
): {
  readonly session: ScrapeSession;
  readonly target: ScrapeTarget;
  close(): Promise<void>;
} {
  const [group] = config.staticGroups;
  const [labels] = group?.targets ?? [];
  if (!group || !labels) throw new Error('the job has no target');
  const found = populate(labels, group.labels, config, compileRelabelling(config.relabel));
  if (!('target' in found)) throw new Error(`no target: ${JSON.stringify(found)}`);
  const client = createHttpClient(config.http);
  const metricRelabelling = compileRelabelling(config.metricRelabel, config.nameValidation);
  const session = new ScrapeSession(found.target, { config, client, metricRelabelling, packsSeries });
  return { session, target: found.target, close: () => client.close() };
}
