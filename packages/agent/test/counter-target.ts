import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A counter that grows by one with each scrape, so that what is missing or twice in a store shows. */
export interface CounterTarget {
  readonly address: string;
  /** The value that was shown last. */
  readonly shown: () => number;
  close(): void;
}

/** `more` is exposed as it stands, after so many series. */
export async function startCounterTarget(moreSeries = 0, more = ''): Promise<CounterTarget> {
  let count = 0;
  const server = createServer((_request, response) => {
    count++;
    let body = `# HELP ticks_total Scrapes of this target.\n# TYPE ticks_total counter\nticks_total ${count}\n`;
    for (let i = 0; i < moreSeries; i++) body += `more{i="${i}"} ${count * i}\n`;
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(body + more);
  });
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    shown: () => count,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface Point {
  readonly time: number;
  readonly value: number;
}

interface Matrix {
  readonly status: string;
  readonly data: { readonly result: readonly { readonly values: readonly (readonly [number, string])[] }[] };
}

/** All stored samples of what must be one series, from a Prometheus HTTP API. */
export async function pointsOf(
  api: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  selector: string,
  range = '1h',
): Promise<Point[]> {
  const url = `${api.url}/api/v1/query?query=${encodeURIComponent(`${selector}[${range}]`)}`;
  const response = await fetch(url, { headers: api.headers, signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`${selector}: ${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as Matrix;
  if (data.result.length > 1) throw new Error(`${selector} has ${data.result.length} series`);
  return (data.result[0]?.values ?? []).map(([time, value]) => ({ time, value: Number(value) }));
}

/**
 * What is wrong with a stored counter; empty for nothing. Every value up to `last` must be there once, in order. One may
 * be missing where the agent died while it was being scraped (`cut`), or where `up` says that the scrape failed.
 */
export function counterFaults(
  points: readonly Point[],
  last: number,
  cut: ReadonlySet<number>,
  up: readonly Point[],
): string[] {
  const faults: string[] = [];
  const failures = up.filter(({ value }) => value === 0).map(({ time }) => time);
  let before: Point = { time: 0, value: 0 };
  for (const point of [...points, { time: Number.POSITIVE_INFINITY, value: last + 1 }]) {
    if (point.time <= before.time) faults.push(`${point.value} is at ${point.time}, after one at ${before.time}`);
    if (point.value <= before.value) faults.push(`${point.value} comes after ${before.value}`);
    for (let missing = before.value + 1; missing < point.value; missing++) {
      const failed = failures.findIndex((time) => time > before.time && time < point.time);
      if (cut.has(missing)) continue;
      if (failed >= 0) failures.splice(failed, 1);
      else faults.push(`${missing} is missing between ${before.time} and ${point.time}`);
    }
    before = point;
  }
  return faults;
}
