import { existsSync, readFileSync } from 'node:fs';
import { EMPTY_HISTOGRAM, type FloatHistogram, type QueryResult } from '@nightshift/promql';
import Ajv, { type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bodyOf } from '../../src/http/prometheus/answer.ts';
import { resultJson } from '../../src/http/prometheus/result-json.ts';
import { counting, type Parameters, type RunningServer, runServer } from './serve.ts';

const DESCRIPTIONS = ['3.1', '3.2'].map(
  (version) => `../shared/conformance/prometheus/web/api/v1/testdata/openapi_${version}_golden.yaml`,
);

interface Operation {
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema?: object }> }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

/** A request that is to succeed, and one that is to fail where anything can be wrong with it. */
interface Calls {
  readonly good: readonly Parameters[];
  readonly bad?: Parameters;
  /** In place of the path with its names. */
  readonly path?: string;
}

const now = Math.floor(Date.now() / 1000) * 1000;
const seconds = (ms: number): string => String(ms / 1000);
const last = { start: seconds(now - 60_000), end: seconds(now) };

const calls: Readonly<Record<string, Calls>> = {
  '/query': {
    good: [
      { query: 'pushed_total', time: seconds(now), stats: 'all', timeout: '10s', lookback_delta: '1m', limit: '1' },
      { query: 'pushed_total[30s]', time: seconds(now), stats: 'true' },
      { query: '1', time: new Date(now).toISOString() },
      { query: 'rate(queue[1m])' },
      { query: 'quantile(2, pushed_total)', time: seconds(now) },
    ],
    bad: { query: 'sum(' },
  },
  '/query_range': {
    good: [
      { query: 'rate(pushed_total[30s])', step: '15s', ...last, stats: 'all', limit: '1' },
      { query: '1', step: '15', ...last },
    ],
    bad: { query: 'up', step: '0', ...last },
  },
  '/query_exemplars': { good: [{ query: 'pushed_total', ...last }], bad: { query: 'pushed_total', start: 'soon' } },
  '/format_query': { good: [{ query: 'sum(up)by(job)' }], bad: { query: 'sum(' } },
  '/parse_query': { good: [{ query: 'sum by (job) (rate(up[5m])) > 1' }], bad: { query: 'sum(' } },
  '/labels': { good: [{}, { 'match[]': ['queue', 'pushed_total'], limit: '1' }], bad: { 'match[]': '{}' } },
  '/label/{name}/values': {
    good: [{}, { 'match[]': 'queue', ...last, limit: '1' }],
    bad: { limit: '-1' },
    path: '/label/__name__/values',
  },
  '/series': { good: [{ 'match[]': ['queue', 'pushed_total'], ...last, limit: '1' }], bad: {} },
  '/metadata': { good: [{}, { metric: 'queue', limit: '1', limit_per_metric: '1' }], bad: { limit: 'few' } },
  '/scrape_pools': { good: [{}] },
  '/scrape_pools/config': { good: [{ scrapePool: 'app' }], bad: { scrapePool: 'none' } },
  '/targets': { good: [{}, { state: 'active', scrapePool: 'app' }, { state: 'dropped' }] },
  '/targets/metadata': { good: [{}, { metric: 'queue', match_target: '{job="app"}' }], bad: { match_target: '{' } },
  '/targets/relabel_steps': { good: [{ scrapePool: 'app', labels: '{"a":"b"}' }], bad: { scrapePool: 'app' } },
  '/rules': { good: [{}, { type: 'alert', exclude_alerts: 'true', group_limit: '1' }], bad: { type: 'x' } },
  '/alerts': { good: [{}] },
  '/alertmanagers': { good: [{}] },
  '/status/config': { good: [{}] },
  '/status/runtimeinfo': { good: [{}] },
  '/status/buildinfo': { good: [{}] },
  '/status/flags': { good: [{}] },
  '/status/tsdb': { good: [{}, { limit: '3' }], bad: { limit: '0' } },
  '/status/tsdb/blocks': { good: [{}] },
  '/status/walreplay': { good: [{}] },
  '/notifications': { good: [{}] },
  '/features': { good: [{}] },
  '/admin/tsdb/delete_series': { good: [], bad: { 'match[]': 'nothing' } },
  '/admin/tsdb/clean_tombstones': { good: [], bad: {} },
  '/admin/tsdb/snapshot': { good: [], bad: {} },
};

/** What the description has and Nightshift has not, or not in this form. */
const absent: Readonly<Record<string, string>> = {
  '/search/metric_names': 'behind a flag in Prometheus, off unless told',
  '/search/label_names': 'behind a flag in Prometheus, off unless told',
  '/search/label_values': 'behind a flag in Prometheus, off unless told',
  '/status/self_metrics': 'the process gathers no metrics of itself under these names',
  '/notifications/live': 'a stream of what /notifications answers',
};

/** Bodies of other formats, each with a suite of its own. */
const otherFormats: Readonly<Record<string, string>> = {
  '/read': 'protobuf: src/http/remote-read.test.ts',
  '/write': 'protobuf: packages/cli/test/clients.test.ts',
  '/otlp/v1/metrics': 'protobuf, at /v1/metrics here: packages/cli/test/clients.test.ts',
};

const present = DESCRIPTIONS.filter((file) => existsSync(file));

describe.skipIf(present.length === 0)(`the answers of the HTTP API (skipped without ${DESCRIPTIONS[0]})`, () => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await runServer();
    await running.write([
      counting({ __name__: 'pushed_total', job: 'a' }, now, 60),
      counting({ __name__: 'pushed_total', job: 'b' }, now, 60),
    ]);
    const firing = (body: { data?: unknown }) => JSON.stringify(body.data).includes('"firing"');
    await running.until('/api/v1/alerts', {}, firing);
  }, 60_000);
  afterAll(() => running?.close());

  describe.each(present)('of %s', (file) => {
    const description = parse(readFileSync(file, 'utf8')) as Description;
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema({ $id: 'api', components: description.components });

    function validator(path: string, method: string, status: number): ValidateFunction {
      const { responses } = description.paths[path]?.[method] as Operation;
      const schema = (responses[status] ?? responses.default)?.content?.['application/json']?.schema;
      if (!schema) throw new Error(`no schema for ${method} ${path} ${status}`);
      return ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);
    }

    function offences(path: string, method: string, status: number, body: unknown): unknown[] {
      const validate = validator(path, method, status);
      return validate(body) ? [] : (validate.errors ?? []);
    }

    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [path, method] as const),
    );
    const ours = operations.filter(([path]) => path in calls);

    it('knows every endpoint there is', () => {
      const unknown = operations.filter(([path]) => !(path in calls) && !(path in absent) && !(path in otherFormats));
      expect(unknown).toEqual([]);
    });

    it.each(ours)('%s by %s is as described when it succeeds', async (path, method) => {
      for (const parameters of calls[path]?.good ?? []) {
        const asked = await running.ask(`/api/v1${calls[path]?.path ?? path}`, parameters, method.toUpperCase());
        expect([asked.status, asked.body.error]).toEqual([200, undefined]);
        expect(asked.type).toContain('application/json');
        expect(offences(path, method, asked.status, asked.body)).toEqual([]);
      }
    });

    it.each(
      ours.filter(([path]) => calls[path]?.bad),
    )('%s by %s is as described when it fails', async (path, method) => {
      const asked = await running.ask(`/api/v1${calls[path]?.path ?? path}`, calls[path]?.bad, method.toUpperCase());
      expect(asked.status).toBeGreaterThanOrEqual(400);
      expect(asked.body.status).toBe('error');
      expect(offences(path, method, asked.status, asked.body)).toEqual([]);
    });

    it('has native histograms as described', async () => {
      const histogram: FloatHistogram = {
        ...EMPTY_HISTOGRAM,
        count: 6,
        sum: 12.5,
        zeroCount: 1,
        zeroThreshold: 0.001,
        positive: { indexes: Int32Array.of(0, 1), counts: Float64Array.of(2, 3) },
      };
      const labels = new Map([['__name__', 'h']]);
      const series = { labels, timestamps: Float64Array.of(now), values: Float64Array.of(0), histograms: [histogram] };
      const notes = { warnings: [], infos: [] };
      const results: QueryResult[] = [
        { ...notes, resultType: 'vector', samples: [{ labels, time: now, value: 0, histogram }] },
        { ...notes, resultType: 'matrix', series: [series] },
      ];
      for (const result of results) {
        const text = String(bodyOf({ data: undefined, json: await resultJson(result, undefined) }));
        expect(text).toContain('"count":"6"');
        expect(offences('/query', 'get', 200, JSON.parse(text))).toEqual([]);
      }
    });

    it('would notice an answer that is not as described', async () => {
      const { body } = await running.ask('/api/v1/query', { query: 'pushed_total', time: seconds(now) });
      const data = body.data as { result: { value: unknown }[] };
      const broken = [
        { ...body, status: 'fine' },
        { ...body, more: 1 },
        { ...body, data: { ...data, resultType: 'list' } },
        { ...body, data: { ...data, result: [{ ...data.result[0], value: [1] }] } },
      ];
      for (const answer of broken) expect(offences('/query', 'get', 200, answer)).not.toEqual([]);
      expect(offences('/query', 'get', 400, { status: 'error', error: 'x' })).not.toEqual([]);
      expect(offences('/labels', 'get', 200, { status: 'success', data: [1] })).not.toEqual([]);
    });
  });

  it('for a text is what Prometheus answers, a number and the text; the description has two texts there', async () => {
    const { body } = await running.ask('/api/v1/query', { query: '"text"', time: '5' });
    expect(body.data).toEqual({ resultType: 'string', result: [5, 'text'] });
  });

  it.each(Object.entries(absent))('%s is not there: %s', async (path) => {
    expect((await running.ask(`/api/v1${path}`)).status).toBe(404);
  });
});
