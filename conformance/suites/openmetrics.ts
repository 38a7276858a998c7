import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { configOf } from '../../packages/server/src/collect/scrape/config/simple-job.ts';
import { sessionOf } from '../../packages/server/test/collect/session.ts';
import { inShared, type Suite } from '../suite.ts';
import { checkEach } from './go-tables.ts';

const FOLDER = inShared('openmetrics');

interface OpenMetricsCase {
  readonly name: string;
  readonly file: string;
  readonly shouldParse: boolean;
}

function readCases(): OpenMetricsCase[] {
  return readdirSync(FOLDER)
    .filter((name) => existsSync(join(FOLDER, name, 'test.json')))
    .map((name) => ({ name, ...(JSON.parse(readFileSync(join(FOLDER, name, 'test.json'), 'utf8')) as object) }))
    .map((each) => each as OpenMetricsCase);
}

/** A target whose pages are the cases. */
async function startTarget() {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    response.end(readFileSync(join(FOLDER, (request.url ?? '/').split('?')[0] as string)));
  }).listen(0, '127.0.0.1');
  await new Promise((up) => server.once('listening', up));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Scrapes it once; `up` says whether it was taken, and of a good text every line is a sample. */
async function scraped(address: string, { name, file, shouldParse }: OpenMetricsCase): Promise<string | undefined> {
  const metricsPath = `/${name}/${file}`;
  const job = { job: 'suite', intervalMs: 15_000, timeoutMs: 10_000, scheme: 'http', metricsPath } as const;
  const { session, close } = sessionOf({
    ...configOf({ ...job, targets: [address], labels: {} }),
    fallbackProtocol: undefined,
  });
  try {
    const result = await session.scrape(Date.now(), Date.now);
    result.stored();
    const { series = [], values = [] } = result.decoded.metrics ?? {};
    const value = (metric: string) => values[series.findIndex((labels) => labels.get('__name__') === metric)];
    const isUp = value('up') === 1;
    if (isUp !== shouldParse) return isUp ? 'taken, should be refused' : `refused: ${result.error}`;
    if (!isUp) return result.error === '' ? 'refused without a reason' : undefined;
    const lines = readFileSync(join(FOLDER, name, file), 'utf8').split('\n');
    const samples = lines.filter((line) => line !== '' && !line.startsWith('#')).length;
    const found = value('scrape_samples_scraped');
    return found === samples ? undefined : `${found} samples of ${samples} lines`;
  } finally {
    await close();
  }
}

export const openMetrics: Suite = {
  name: 'openmetrics',
  about: "the OpenMetrics suite's texts, each served as a target and scraped: whether `up` is 1 as it should be",
  folder: FOLDER,
  async run() {
    const target = await startTarget();
    try {
      const check = (each: OpenMetricsCase) => scraped(target.address, each);
      return [{ file: 'openmetrics', cases: await checkEach(readCases(), ({ name }) => name, check) }];
    } finally {
      target.close();
    }
  },
};
