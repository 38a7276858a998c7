/**
 * What does a scrape cost? A target on loopback with 1,000 series is scraped again and again, in every format, with what
 * the last scrape left in memory and without. CPU time of this process, which is the target's server as well; what that
 * takes alone is measured too and taken off. Writes bench/results/scrape.md.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus } from 'node:os';
import { collect } from '../packages/server/src/collect/collect.ts';
import { configOf } from '../packages/server/src/collect/scrape/config/simple-job.ts';
import { sessionOf } from '../packages/server/test/collect/session.ts';

const seriesCount = 1000;
const rounds = 500;

/** 50 families of 20 series with four labels each. */
function exposition(round: number, isOpen: boolean): string {
  const lines: string[] = [];
  for (let family = 0; family < seriesCount / 20; family++) {
    const name = `http_server_requests_${family}`;
    lines.push(`# HELP ${name}${isOpen ? '' : '_total'} Requests that were served.`);
    lines.push(`# TYPE ${name}${isOpen ? '' : '_total'} counter`);
    for (let i = 0; i < 20; i++) {
      const labels = `method="GET",route="/api/v1/orders/${i}",status="200",host="host-${family}.example.com"`;
      lines.push(`${name}_total{${labels}} ${(round * 7 + i) * 1.5}`);
    }
  }
  return `${lines.join('\n')}\n${isOpen ? '# EOF\n' : ''}`;
}

const formats = {
  'text 0.0.4': { type: 'text/plain; version=0.0.4', isOpen: false },
  'OpenMetrics 1.0': { type: 'application/openmetrics-text; version=1.0.0', isOpen: true },
} as const;

/** Microseconds of CPU time for each series. */
async function cost(one: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < rounds / 5; i++) await one();
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) await one();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rounds / seriesCount;
}

const rows: string[] = [];
for (const [format, { type, isOpen }] of Object.entries(formats)) {
  const bodies = Array.from({ length: 20 }, (_, round) => Buffer.from(exposition(round, isOpen)));
  let asked = 0;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', type).end(bodies[asked++ % bodies.length]);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const job = { job: 'bench', intervalMs: 15_000, timeoutMs: 10_000, scheme: 'http', metricsPath: '/metrics' } as const;
  const config = { ...configOf({ ...job, targets: [address], labels: { env: 'prod' } }), enableCompression: false };
  const deps = { sink: { admit: async () => {} }, now: Date.now, maxDecompressedBytes: 1e9 };
  const scraping = (packs: boolean, fresh: boolean) => {
    let { session } = sessionOf(config, packs);
    let at = Date.now();
    return async () => {
      const result = await session.scrape(at++, Date.now);
      if (result.error !== '') throw new Error(result.error);
      await collect(deps, result.record, result.decoded);
      result.stored();
      if (fresh) session = sessionOf(config, packs).session;
    };
  };
  const alone = await cost(async () => (await fetch(`http://${address}/metrics`)).arrayBuffer());
  const known = (await cost(scraping(false, false))) - alone;
  const first = (await cost(scraping(false, true))) - alone;
  const packed = (await cost(scraping(true, false))) - alone;
  server.closeAllConnections();
  server.close();
  rows.push(`| ${format} | ${known.toFixed(2)} | ${first.toFixed(2)} | ${packed.toFixed(2)} | ${alone.toFixed(2)} |`);
}

const table = [
  '# A scrape',
  '',
  `Microseconds of CPU time for each of ${seriesCount.toLocaleString('en')} series of a target, from the socket to the record and batch that are stored.`,
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.`,
  'Run by `npm run bench -- scrape`.',
  '',
  '| format | series that came before | every series new | packed between scrapes | fetching alone (taken off) |',
  '|---|---:|---:|---:|---:|',
  ...rows,
  '',
].join('\n');
writeFileSync('bench/results/scrape.md', table);
console.log(table);
process.exit(0);
