import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNightshift } from '../../../conformance/peers/nightshift.ts';
import type { Peer } from '../../../conformance/peers/process.ts';
import { copyOfBuild } from './built.ts';

export interface RunningServe {
  readonly peer: Peer;
  readonly token: string;
  /** A directory for what the test needs besides; removed in the end. */
  readonly dir: string;
  readonly stop: () => Promise<void>;
}

/** A real `nightshift serve` of the build, with an empty data directory. */
export async function runServe(config = ''): Promise<RunningServe> {
  const built = copyOfBuild();
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-client-'));
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir);
  if (config !== '') writeFileSync(join(dataDir, 'nightshift.yaml'), config);
  const clear = () => {
    for (const each of [dir, built.dir]) rmSync(each, { recursive: true, force: true });
  };
  try {
    const peer = await startNightshift(built.entry, dataDir);
    const token = peer.headers.authorization?.replace('Bearer ', '') ?? '';
    const stop = () => peer.stop().finally(clear);
    return { peer, token, dir, stop };
  } catch (error) {
    clear();
    throw error;
  }
}

/** What an HTTP API in Prometheus' form answers with; throws unless it is a success. */
export async function apiData<T>(peer: Peer, path: string, form?: Record<string, string>): Promise<T> {
  const response = await fetch(`${peer.url}/api/v1/${path}`, {
    headers: peer.headers,
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  const body = JSON.parse(text) as { status: string; data: T };
  if (body.status !== 'success') throw new Error(`${path}: ${text}`);
  return body.data;
}

export interface InstantSample {
  readonly metric: Record<string, string>;
  readonly value: [number, string];
}

/** The instant vector of a query, in the order of its labels' text. */
export async function instantVector(peer: Peer, query: string, time?: number): Promise<InstantSample[]> {
  const form = { query, ...(time !== undefined && { time: String(time) }) };
  const { result } = await apiData<{ result: InstantSample[] }>(peer, 'query', form);
  const order = ({ metric }: InstantSample) => JSON.stringify(Object.entries(metric).sort());
  return result.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
