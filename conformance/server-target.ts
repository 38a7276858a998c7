import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Labels, MatrixSeries, QueryResult, VectorSample } from '../packages/promql/src/index.ts';
import { toCustomBuckets } from '../packages/promql/src/promqltest/customBuckets.ts';
import type { LoadCommand, LoadedSeries } from '../packages/promql/src/promqltest/script.ts';
import { type ScriptTarget, UnsupportedLoad } from '../packages/promql/src/promqltest/target.ts';
import type { ApiHistogramSample, ApiSample } from '../packages/promql/src/result/format.ts';
import type { WriteSeries } from '../packages/wire/src/index.ts';
import { fromApiHistogram, shownByApi } from './api-histogram.ts';
import { numberOf } from './api-number.ts';
import { withNightshift } from './peers/nightshift.ts';
import type { Peer } from './peers/process.ts';
import { remoteWrite } from './peers/remote-write.ts';

interface ApiVectorElement {
  readonly metric: Record<string, string>;
  readonly value?: ApiSample;
  readonly histogram?: ApiHistogramSample;
}

interface ApiMatrixElement {
  readonly metric: Record<string, string>;
  readonly values?: readonly ApiSample[];
  readonly histograms?: readonly ApiHistogramSample[];
}

type ApiResult =
  | { readonly resultType: 'scalar' | 'string'; readonly result: ApiSample }
  | { readonly resultType: 'vector'; readonly result: readonly ApiVectorElement[] }
  | { readonly resultType: 'matrix'; readonly result: readonly ApiMatrixElement[] };

interface ApiAnswer {
  readonly status: 'success' | 'error';
  readonly data?: ApiResult;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Series that each load brings along, at a time that no script asks about: when they are there, the load is. */
const MARKER = 'nightshift_conformance_load';
const MARKER_TIME = Date.UTC(1980, 0, 1);
const VISIBLE_MS = 30_000;

/** A server that takes remote write, lets its series be deleted and answers Prometheus' HTTP API. All that it holds is deleted. */
export function serverTarget(peer: Peer): ScriptTarget {
  return {
    clear: () => clear(peer),
    load: (command) => load(peer, command),
    instant: (query, time) => ask(peer, 'query', { query, time: seconds(time) }),
    range: (query, start, end, step) =>
      ask(peer, 'query_range', { query, start: seconds(start), end: seconds(end), step: seconds(step) }),
    shown: shownByApi,
  };
}

/** What the scripts need of a server's settings. */
const SETTINGS = {
  http: { adminApi: true },
  retention: { metrics: 0 },
  query: {
    maxSamples: 10_000,
    features: [
      'promql-experimental-functions',
      'promql-extended-range-selectors',
      'promql-binop-fill-modifiers',
      'promql-delayed-name-removal',
      'use-start-timestamps',
    ],
  },
};

/** Runs scripts through the HTTP API of a server of its own with an empty store. */
export function withServer<T>(run: (target: ScriptTarget) => Promise<T>): Promise<T> {
  return withNightshift(SETTINGS, (peer) => run(serverTarget(peer)));
}

async function post({ url, headers }: Peer, path: string, form: Record<string, string>): Promise<Response> {
  const body = new URLSearchParams(form);
  return fetch(`${url}/api/v1/${path}`, { method: 'POST', headers, body, signal: AbortSignal.timeout(60_000) });
}

async function clear(peer: Peer): Promise<void> {
  const response = await post(peer, 'admin/tsdb/delete_series', { 'match[]': '{__name__=~".+"}' });
  const text = await response.text();
  if (!response.ok) throw new Error(`${peer.name} does not delete its series: ${response.status} ${text}`);
}

function written({ labels, points, startOffsets }: LoadedSeries, interval: number): WriteSeries {
  if (startOffsets) throw new UnsupportedLoad('start timestamps');
  const samples: WriteSeries['samples'][number][] = [];
  const histograms: NonNullable<WriteSeries['histograms']>[number][] = [];
  for (const [i, point] of points.entries()) {
    const timestamp = i * interval;
    if (point === 'stale') samples.push({ timestamp, value: Number.NaN, stale: true });
    else if (typeof point === 'number') samples.push({ timestamp, value: point });
    else if (point !== 'gap') histograms.push({ timestamp, histogram: point.histogram });
  }
  return { labels, samples, histograms };
}

async function load(peer: Peer, { interval, series, withCustomBuckets }: LoadCommand): Promise<void> {
  const all = withCustomBuckets ? [...series, ...toCustomBuckets(series)] : series;
  const loaded = all.map((each) => written(each, interval));
  const wanted = loaded.filter(({ samples, histograms = [] }) => samples.length + histograms.length > 0);
  const id = randomUUID();
  const marker = (kind: string) =>
    new Map([
      ['__name__', MARKER],
      ['id', id],
      ['kind', kind],
    ]);
  const markers: WriteSeries[] = [{ labels: marker('float'), samples: [{ timestamp: MARKER_TIME, value: 1 }] }];
  // They are stored apart from floats.
  const native = wanted.flatMap(({ histograms = [] }) => histograms)[0];
  if (native)
    markers.push({ labels: marker('histogram'), samples: [], histograms: [{ ...native, timestamp: MARKER_TIME }] });
  await remoteWrite(peer, [...wanted, ...markers]);
  await untilVisible(peer, `${MARKER}{id="${id}"}`, markers.length);
}

/** Samples of 1970 are too old for memory: they can be asked for as soon as they are in the engine. */
async function untilVisible(peer: Peer, query: string, count: number): Promise<void> {
  const deadline = Date.now() + VISIBLE_MS;
  while (Date.now() < deadline) {
    const result = await ask(peer, 'query', { query, time: seconds(MARKER_TIME) });
    if (result.resultType === 'vector' && result.samples.length >= count) return;
    await sleep(20);
  }
  throw new Error(`${peer.name} does not show what it took, not even after ${VISIBLE_MS / 1000} s`);
}

async function ask(peer: Peer, path: string, form: Record<string, string>): Promise<QueryResult> {
  const answer = (await (await post(peer, path, form)).json()) as ApiAnswer;
  if (answer.status === 'error' || !answer.data) throw new Error(answer.error);
  return toResult(answer.data, { warnings: answer.warnings ?? [], infos: answer.infos ?? [] });
}

function toResult(data: ApiResult, notes: Pick<QueryResult, 'warnings' | 'infos'>): QueryResult {
  switch (data.resultType) {
    case 'scalar':
      return { resultType: 'scalar', time: milliseconds(data.result), value: numberOf(data.result[1]), ...notes };
    case 'string':
      return { resultType: 'string', time: milliseconds(data.result), value: data.result[1], ...notes };
    case 'vector':
      return {
        resultType: 'vector',
        samples: data.result.map(vectorSample),
        ...notes,
      };
    case 'matrix':
      return { resultType: 'matrix', series: data.result.map(matrixSeries), ...notes };
  }
}

function vectorSample({ metric, value, histogram }: ApiVectorElement): VectorSample {
  const labels = labelsOf(metric);
  if (value) return { labels, time: milliseconds(value), value: numberOf(value[1]) };
  if (!histogram) throw new Error(`${JSON.stringify(metric)} has neither a value nor a histogram`);
  return { labels, time: milliseconds(histogram), value: Number.NaN, histogram: fromApiHistogram(histogram[1]) };
}

function matrixSeries({ metric, values = [], histograms = [] }: ApiMatrixElement): MatrixSeries {
  const points = [
    ...values.map((one) => ({ time: milliseconds(one), value: numberOf(one[1]), histogram: undefined })),
    ...histograms.map((one) => ({
      time: milliseconds(one),
      value: Number.NaN,
      histogram: fromApiHistogram(one[1]),
    })),
  ].sort((a, b) => a.time - b.time);
  return {
    labels: labelsOf(metric),
    timestamps: Float64Array.from(points, ({ time }) => time),
    values: Float64Array.from(points, ({ value }) => value),
    histograms: points.map(({ histogram }) => histogram),
  };
}

function labelsOf(metric: Record<string, string>): Labels {
  return new Map(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function milliseconds([seconds]: ApiSample | ApiHistogramSample): number {
  return Math.round(seconds * 1000);
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
