import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { counting, type Parameters, type RunningServer, rules, runServer, scrapeConfig } from './serve.ts';

const now = Math.floor(Date.now() / 1000) * 1000;
const seconds = (ms: number): string => String(ms / 1000);
const last = { start: seconds(now - 60_000), end: seconds(now), step: '15s' };

let running: RunningServer;
const api = (path: string, parameters: Parameters = {}, method = 'GET') =>
  running.ask(`/api/v1${path}`, parameters, method);
const data = async <T>(path: string, parameters: Parameters = {}, method = 'GET'): Promise<T> =>
  (await api(path, parameters, method)).body.data as T;

beforeAll(async () => {
  running = await runServer({
    NIGHTSHIFT_QUERY_MAX_SERIES: '60',
    // One that is not given up keeps all others waiting.
    NIGHTSHIFT_QUERY_MAX_CONCURRENT: '1',
    NIGHTSHIFT_QUERY_FEATURES: 'promql-experimental-functions, promql-delayed-name-removal',
  });
  const many = Array.from({ length: 50 }, (_, i) => counting({ __name__: 'wide', i: String(i) }, now, 10));
  await running.write([
    counting({ __name__: 'pushed_total', job: 'a' }, now, 120),
    counting({ __name__: 'pushed_total', job: 'b', 'http.status': '200' }, now, 120),
    counting({ __name__: 'lone', __proto__x: 'y' }, now, 1),
    ...many,
  ]);
  await running.until('/api/v1/alerts', {}, ({ data }) => JSON.stringify(data).includes('"firing"'));
}, 60_000);
afterAll(() => running?.close());

describe('a refusal', () => {
  it.each<[string, Parameters, number, string, string | RegExp]>([
    ['/query', { query: 'sum(' }, 400, 'bad_data', /^invalid parameter "query": 1:5: parse error: /],
    [
      '/query',
      { query: '1', time: '2026-02-30T00:00:00Z' },
      400,
      'bad_data',
      /cannot parse "2026-02-30T00:00:00Z" to a valid/,
    ],
    [
      '/query',
      { query: '1', time: '2026-01-01t00:00:00z' },
      400,
      'bad_data',
      /cannot parse "2026-01-01t00:00:00z" to a valid/,
    ],
    ['/query', { query: '1', time: '1e300' }, 400, 'bad_data', /cannot parse "1e300" to a valid timestamp$/],
    ['/query', { query: '1', timeout: '1e300' }, 400, 'bad_data', /to a valid duration. It overflows int64$/],
    [
      '/query',
      { query: '1', limit: '1'.repeat(20) },
      400,
      'bad_data',
      /strconv.Atoi: parsing "1{20}": value out of range$/,
    ],
    ['/query', { query: 'up{' }, 400, 'bad_data', /^invalid parameter "query": 1:4: parse error: /],
    ['/query', {}, 400, 'bad_data', /^invalid parameter "query": .*no expression found in input/],
    ['/query', { query: 'foo{a=~"("}' }, 400, 'bad_data', /^invalid parameter "query": .*missing closing \)/],
    [
      '/query',
      { query: 'up', time: 'soon' },
      400,
      'bad_data',
      'invalid parameter "time": invalid time value for \'time\': cannot parse "soon" to a valid timestamp',
    ],
    [
      '/query',
      { query: 'up', timeout: 'x' },
      400,
      'bad_data',
      'invalid parameter "timeout": cannot parse "x" to a valid duration',
    ],
    ['/query', { query: 'up', limit: '-1' }, 400, 'bad_data', 'invalid parameter "limit": limit must be non-negative'],
    [
      '/query',
      { query: 'up', lookback_delta: 'x' },
      400,
      'bad_data',
      'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ],
    [
      '/query',
      { query: 'pushed_total + on (x) pushed_total', time: seconds(now) },
      422,
      'execution',
      /^found duplicate series for the match group \{\} on the right hand-side/,
    ],
    [
      '/query',
      { query: 'wide or wide', time: seconds(now) },
      422,
      'execution',
      /too many series: it wanted 100 series or more, the limit is 60 \(query\.maxSeries\)/,
    ],
    ['/query', { query: 'up', timeout: '0' }, 503, 'timeout', /^query timed out in expression evaluation/],
    [
      '/query_range',
      { ...last, query: 'up', start: '' },
      400,
      'bad_data',
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    ],
    [
      '/query_range',
      { ...last, query: 'up', end: '1' },
      400,
      'bad_data',
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      '/query_range',
      { ...last, query: 'up', step: '-1' },
      400,
      'bad_data',
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      '/query_range',
      { query: 'up', start: '0', end: '20000', step: '1' },
      422,
      'execution',
      /^exceeded maximum resolution of 11,000 points per timeseries\. Try decreasing the query resolution \(\?step=XX\)\. .*query\.maxPoints/,
    ],
    [
      '/query_range',
      { ...last, query: 'up[5m]' },
      400,
      'bad_data',
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['/series', {}, 400, 'bad_data', 'no match[] parameter provided'],
    [
      '/series',
      { 'match[]': '{x=""}' },
      400,
      'bad_data',
      'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
    ],
    ['/labels', { 'match[]': '{x=~".*"}' }, 400, 'bad_data', 'match[] must contain at least one non-empty matcher'],
    ['/label/job/values', { 'match[]': 'up{' }, 400, 'bad_data', /^1:4: parse error/],
    ['/series', { 'match[]': 'up{' }, 400, 'bad_data', /^invalid parameter "match\[\]": 1:4: parse error/],
    ['/labels', { start: 'x' }, 400, 'bad_data', /^invalid parameter "start": invalid time value for 'start'/],
    ['/metadata', { limit: 'x' }, 400, 'bad_data', 'limit must be a number'],
    ['/metadata', { limit_per_metric: 'x' }, 400, 'bad_data', 'limit_per_metric must be a number'],
    ['/status/tsdb', { limit: '10001' }, 400, 'bad_data', 'limit must not exceed 10000'],
    ['/rules', { type: 'x' }, 400, 'bad_data', 'invalid parameter "type": not supported value "x"'],
    [
      '/rules',
      { group_next_token: 'x' },
      400,
      'bad_data',
      /^invalid parameter "group_next_token": group_limit needs to be present/,
    ],
    [
      '/rules',
      { group_limit: '1', group_next_token: 'x' },
      400,
      'bad_data',
      /^invalid parameter "group_next_token": invalid group_next_token 'x'/,
    ],
    [
      '/rules',
      { exclude_alerts: 'maybe' },
      400,
      'bad_data',
      /^invalid parameter "exclude_alerts": error converting exclude_alerts/,
    ],
    [
      '/targets/metadata',
      { match_target: '{' },
      400,
      'bad_data',
      /^invalid parameter "match_target": 1:2: parse error/,
    ],
  ])('of %s with %j has the status, type and words of Prometheus', async (path, parameters, status, errorType, error) => {
    const { status: got, body } = await api(path, parameters);
    expect([got, body]).toEqual([
      status,
      { status: 'error', errorType, error: typeof error === 'string' ? error : expect.stringMatching(error) },
    ]);
  });

  it('is the same for a form, and a path that only reads takes none', async () => {
    expect((await api('/query', { query: 'sum(' }, 'POST')).body.error).toMatch(/1:5: parse error/);
    expect((await api('/rules', {}, 'POST')).status).toBe(405);
  });
});

interface Vector {
  readonly result: { metric: Record<string, string>; value: [number, string] }[];
}

describe('a query', () => {
  it('takes what a form says before what the address says', async () => {
    const asked = await running.ask('/api/v1/query?query=1%2B1&time=5', { query: '2+2' }, 'POST');
    expect(asked.body.data).toEqual({ resultType: 'scalar', result: [5, '4'] });
  });

  it('gives so many series as are wanted, and says that there are more', async () => {
    const all = await api('/query', { query: 'pushed_total', time: seconds(now), limit: '2' });
    expect([(all.body.data as Vector).result.length, all.body.warnings]).toEqual([2, undefined]);
    for (const [path, more] of [
      ['/query', { time: seconds(now) }],
      ['/query_range', last],
    ] as const) {
      const some = await api(path, { query: 'pushed_total', limit: '1', ...more });
      expect((some.body.data as Vector).result).toHaveLength(1);
      expect(some.body.warnings).toEqual(['results truncated due to limit']);
    }
  });

  it('looks back as far as it is told', async () => {
    const at = { query: 'lone', time: seconds(now + 100_000) };
    expect((await data<Vector>('/query', at)).result).toHaveLength(1);
    expect((await data<Vector>('/query', { ...at, lookback_delta: '100' })).result).toHaveLength(0);
    expect((await data<Vector>('/query', { ...at, lookback_delta: '2m' })).result).toHaveLength(1);
  });

  it('tells what it looked at, step by step if all is wanted', async () => {
    type Stats = { stats?: { timings: object; samples: Record<string, unknown> } };
    const ask = (stats: string) =>
      api('/query_range', { query: 'max_over_time(pushed_total{job="a"}[30s])', ...last, stats });
    expect(((await ask('')).body.data as Stats).stats).toBeUndefined();
    const { stats } = (await ask('all')).body.data as Stats;
    expect(Object.keys(stats?.timings ?? {})).toEqual([
      'evalTotalTime',
      'resultSortTime',
      'queryPreparationTime',
      'innerEvalTime',
      'execQueueTime',
      'execTotalTime',
    ]);
    const at = [0, 1, 2, 3, 4].map((i) => now / 1000 - 60 + 15 * i);
    expect(stats?.samples).toEqual({
      totalQueryableSamplesPerStep: at.map((t) => [t, 30]),
      totalQueryableSamples: 150,
      samplesReadPerStep: at.map((t, i) => [t, i === 0 ? 30 : 15]),
      samplesRead: 90,
      peakSamples: 35,
    });
    const basic = ((await ask('true')).body.data as Stats).stats?.samples;
    expect(basic).toEqual({ totalQueryableSamples: 150, samplesRead: 90, peakSamples: 35 });
    expect((await ask('some')).body.warnings).toEqual([
      'value "some" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
    ]);
  });

  it('says what is doubtful about its answer and what may surprise, ten times at most', async () => {
    const { body } = await api('/query', { query: 'quantile(2, rate(wide[1m]))', time: seconds(now) });
    expect(body.warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)']);
    expect(body.infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "wide" (1:18)',
    ]);
    const many = Array.from({ length: 13 }, (_, i) => `quantile(${i + 2}, pushed_total)`).join(' or ');
    const { warnings } = (await api('/query', { query: many, time: seconds(now) })).body;
    expect([warnings?.length, warnings?.at(-1)]).toEqual([11, '3 more warning annotations omitted']);
  });

  it('whose client goes away is given up, also where it computes', async () => {
    const controller = new AbortController();
    const query = 'quantile_over_time(0.5, vector(time())[100000s:1s])';
    const asked = running
      .ask('/api/v1/query_range', { query, start: '0', end: '11000', step: '1' }, 'GET', controller.signal)
      .catch((error: unknown) => (error as Error).name);
    await new Promise((resolve) => setTimeout(resolve, 300));
    controller.abort();
    expect(await asked).toBe('AbortError');
    expect((await api('/query', { query: '1', timeout: '5s' })).status).toBe(200);
  });
});

it('an expression is printed and shown as a tree', async () => {
  expect(await data('/format_query', { query: 'sum(up)by(job)' })).toBe('sum by (job) (up)');
  expect(await data('/parse_query', { query: '1 > bool up' }, 'POST')).toMatchObject({
    type: 'binaryExpr',
    op: '>',
    bool: true,
    lhs: { type: 'numberLiteral', val: '1' },
    rhs: { type: 'vectorSelector', name: 'up' },
  });
  expect(await data('/format_query', { query: 'mad_over_time(x[5m])' })).toBe('mad_over_time(x[5m])');
});

describe('names and values', () => {
  it('of labels are found, also by an escaped name, and cut to what is wanted', async () => {
    const both = { 'match[]': ['pushed_total', 'queue'] };
    expect(await data('/labels', both)).toEqual(['__name__', 'http.status', 'instance', 'job', 'zone']);
    expect((await api('/labels', { ...both, limit: '2' }, 'POST')).body).toEqual({
      status: 'success',
      data: ['__name__', 'http.status'],
      warnings: ['results truncated due to limit'],
    });
    expect(await data('/label/U__http_2e_status/values')).toEqual(['200']);
    expect(await data('/label/http.status/values')).toEqual(['200']);
    expect(await data('/label/none/values')).toEqual([]);
    expect(await data('/label/job/values', { 'match[]': 'pushed_total' })).toEqual(['a', 'b']);
    expect((await api('/label/i/values', { limit: '3' })).body.warnings).toEqual(['results truncated due to limit']);
    expect(await data('/label/job/values', { 'match[]': 'pushed_total', end: seconds(now - 600_000) })).toEqual([]);
  });

  it('of series are whole label sets', async () => {
    const found = await data<object[]>('/series', {
      'match[]': ['lone', 'pushed_total{job="a"}', '{__name__="lone"}'],
    });
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ __name__: 'pushed_total', job: 'a' });
    expect(found).toContainEqual({ __name__: 'lone', __proto__x: 'y' });
    const some = await api('/series', { 'match[]': 'wide', limit: '7' }, 'POST');
    expect([(some.body.data as unknown[]).length, some.body.warnings]).toEqual([7, ['results truncated due to limit']]);
  });
});

describe('targets', () => {
  interface Targets {
    readonly activeTargets: Record<string, unknown>[];
    readonly droppedTargets: unknown[];
    readonly droppedTargetCounts: object;
  }

  it('are shown with how their last scrape went', async () => {
    const { activeTargets, droppedTargets } = await data<Targets>('/targets');
    expect(droppedTargets).toMatchObject([{ discoveredLabels: { __address__: 'nobody:1' }, scrapePool: 'gone' }]);
    expect(activeTargets).toEqual([
      {
        discoveredLabels: {
          job: 'app',
          zone: 'a',
          __address__: running.targetHost,
          __always_scrape_classic_histograms__: 'false',
          __convert_classic_histograms_to_nhcb__: 'false',
          __metrics_path__: '/metrics',
          __scheme__: 'http',
          __scrape_interval__: '1s',
          __scrape_native_histograms__: 'false',
          __scrape_timeout__: '500ms',
        },
        labels: { instance: running.targetHost, job: 'app', zone: 'a' },
        scrapePool: 'app',
        scrapeUrl: `http://${running.targetHost}/metrics`,
        globalUrl: expect.stringMatching(/^http:\/\/.+:\d+\/metrics$/),
        lastError: '',
        lastScrape: expect.stringMatching(/^20\d\d-/),
        lastScrapeDuration: expect.any(Number),
        health: 'up',
        scrapeInterval: '1s',
        scrapeTimeout: '500ms',
      },
    ]);
    expect((await data<Targets>('/targets', { state: 'dropped' })).activeTargets).toEqual([]);
    expect((await data<Targets>('/targets', { scrapePool: 'none' })).activeTargets).toEqual([]);
    expect((await data<Targets>('/targets', { state: 'active' })).droppedTargetCounts).toEqual({});
  });

  it('say what their metrics mean', async () => {
    const target = { instance: running.targetHost, job: 'app', zone: 'a' };
    expect(await data('/targets/metadata', { metric: 'queue' })).toEqual([
      { target, type: 'gauge', help: 'Jobs that wait.', unit: '' },
    ]);
    expect(await data('/targets/metadata', { match_target: '{job="app"}' })).toMatchObject([
      { metric: expect.stringMatching(/^jobs/) },
      { metric: 'queue' },
    ]);
    expect(await data('/targets/metadata', { match_target: '{job="none"}' })).toEqual([]);
    expect(await data('/metadata', { metric: 'queue' })).toEqual({
      queue: [{ type: 'gauge', help: 'Jobs that wait.', unit: '' }],
    });
    expect(Object.keys(await data<object>('/metadata', { limit: '1' }))).toHaveLength(1);
    expect(await data('/metadata', { limit: '0' })).toEqual({});
  });

  it('belong to a pool with a configuration', async () => {
    expect(await data('/scrape_pools')).toEqual({ scrapePools: ['app', 'gone'] });
    expect((await data<{ yaml: string }>('/scrape_pools/config', { scrapePool: 'app' })).yaml).toContain(
      'job_name: app',
    );
    const { yaml } = await data<{ yaml: string }>('/scrape_pools/config', { scrapePool: 'gone' });
    expect(yaml).toContain('scrape_interval: 1m');
    expect(yaml).toContain('password: <secret>');
    expect(yaml).not.toContain('hidden');
    expect(await data('/targets/relabel_steps', { scrapePool: 'app', labels: '{}' })).toEqual({ steps: [] });
    const labels = JSON.stringify({ __address__: 'nobody:1' });
    expect(await data('/targets/relabel_steps', { scrapePool: 'gone', labels })).toMatchObject({
      steps: [
        { rule: { action: 'replace', target_label: 'host' }, output: { host: 'nobody' }, keep: true },
        { rule: { action: 'drop' }, output: {}, keep: false },
        { rule: { replacement: 'set' }, output: {}, keep: false },
      ],
    });
  });

  it('stay as they are when the scrape configuration has mistakes, and change when it is right', async () => {
    writeFileSync(running.scrapeFile, scrapeConfig.replace('job_name', 'job_nam'));
    const refused = await running.ask('/-/reload', {}, 'POST');
    expect(refused.status).toBe(500);
    expect(refused.text).toMatch(/^failed to reload config: what runs goes on/);
    expect(refused.text).toMatch(
      /prometheus\.yml:2: scrape_configs\[0\]\.job_nam: there is no such key; did you mean `job_name`/,
    );
    expect(await data('/scrape_pools')).toEqual({ scrapePools: ['app', 'gone'] });
    expect(await data('/status/runtimeinfo')).toMatchObject({ reloadConfigSuccess: false });
    writeFileSync(running.scrapeFile, scrapeConfig.replace('job_name: gone', 'job_name: other'));
    expect((await running.ask('/-/reload', {}, 'POST')).status).toBe(200);
    expect(await data('/scrape_pools')).toEqual({ scrapePools: ['app', 'other'] });
  });
});

describe('the installation', () => {
  it('shows its configuration without secrets, and its settings by the names of flags', async () => {
    const { yaml } = await data<{ yaml: string }>('/status/config');
    expect(yaml).toContain('maxSeries: 60');
    const flags = await data<Record<string, string>>('/status/flags');
    expect(flags).toMatchObject({
      'enable-feature': 'promql-experimental-functions,promql-delayed-name-removal',
      'query.timeout': '2m',
      'storage.tsdb.retention.time': '30d',
    });
    expect(await data('/features')).toMatchObject({
      promql: { experimental_functions: true, delayed_name_removal: true, fill: false },
    });
    expect(await data('/status/buildinfo')).toMatchObject({ version: expect.stringMatching(/^3\./) });
    expect(await data('/status/runtimeinfo')).toMatchObject({ storageRetention: '30d', reloadConfigSuccess: true });
  });

  it('counts what its series are made of', async () => {
    interface Tsdb {
      readonly headStats: Record<string, number>;
      readonly [list: string]: unknown;
    }
    const tsdb = await data<Tsdb>('/status/tsdb', { limit: '2' });
    expect((tsdb.seriesCountByMetricName as unknown[])[0]).toEqual({ name: 'wide', value: 50 });
    expect(tsdb.labelValueCountByLabelName).toHaveLength(2);
    expect((tsdb.labelValueCountByLabelName as unknown[])[0]).toEqual({ name: 'i', value: 50 });
    expect((tsdb.seriesCountByLabelValuePair as unknown[])[0]).toEqual({ name: '__name__=wide', value: 50 });
    expect(tsdb.headStats.numSeries).toBeGreaterThan(53);
    expect(tsdb.headStats.maxTime).toBeGreaterThanOrEqual(now);
  });
});

describe('rules', () => {
  interface Rules {
    readonly groups: { name: string; limit: number; rules: { name: string; type: string; alerts?: unknown }[] }[];
    readonly groupNextToken?: string;
  }
  const names = ({ groups }: Rules) => groups.map(({ name, rules }) => [name, ...rules.map((rule) => rule.name)]);

  it('are shown by kind, name, group, file and label', async () => {
    const ask = async (parameters: Parameters) => names(await data<Rules>('/rules', parameters));
    const all = [
      ['queues', 'job:queue:max', 'QueueIsLong'],
      ['others', 'Never'],
    ];
    expect(await ask({})).toEqual(all);
    expect(await ask({ type: 'record' })).toEqual([['queues', 'job:queue:max']]);
    expect(await ask({ 'rule_name[]': ['Never', 'x'] })).toEqual([['others', 'Never']]);
    expect(await ask({ 'rule_group[]': 'queues', type: 'alert' })).toEqual([['queues', 'QueueIsLong']]);
    expect(await ask({ 'file[]': running.rulesFile })).toEqual(all);
    expect(await ask({ 'file[]': 'other' })).toEqual([]);
    expect(await ask({ 'match[]': '{severity="page"}' })).toEqual([['queues', 'QueueIsLong']]);
  });

  it('are shown page by page', async () => {
    const first = await data<Rules>('/rules', { group_limit: '1' });
    expect(names(first)).toEqual([['queues', 'job:queue:max', 'QueueIsLong']]);
    const second = await data<Rules>('/rules', { group_limit: '1', group_next_token: first.groupNextToken ?? '' });
    expect([names(second), second.groupNextToken]).toEqual([[['others', 'Never']], undefined]);
  });

  it('show their alerts unless told not to', async () => {
    const { groups } = await data<Rules>('/rules', { 'rule_name[]': 'QueueIsLong' });
    expect(groups[0]).toMatchObject({ limit: 5, interval: 1 });
    expect(groups[0]?.rules[0]).toMatchObject({
      state: 'firing',
      health: 'ok',
      alerts: [{ state: 'firing', value: '3e+00', annotations: { summary: '3 wait' }, labels: { severity: 'page' } }],
    });
    const without = await data<Rules>('/rules', { 'rule_name[]': 'QueueIsLong', exclude_alerts: 'true' });
    expect(without.groups[0]?.rules[0]?.alerts).toBeNull();
    expect(await data('/alerts')).toMatchObject({ alerts: [{ labels: { alertname: 'QueueIsLong' } }] });
    expect((await data<Vector>('/query', { query: 'job:queue:max' })).result).toMatchObject([
      { metric: { job: 'app' } },
    ]);
  });

  it('stay as they are when their file has mistakes, which are all told, and change when it is right', async () => {
    writeFileSync(running.rulesFile, rules.replace('queue > 1', 'queue >').replace('limit: 5', 'limt: 5'));
    const refused = await running.ask('/-/reload', {}, 'POST');
    expect(refused.status).toBe(500);
    const { text: message } = refused;
    expect(message).toMatch(/rules\.yml:5: group "queues": there is no key `limt`; did you mean `limit`\?/);
    expect(message).toMatch(
      /rules\.yml:10: group "queues", rule 2 "QueueIsLong": could not parse the expression: 1:\d+/,
    );
    expect(names(await data<Rules>('/rules'))).toHaveLength(2);
    expect(await data('/status/runtimeinfo')).toMatchObject({ reloadConfigSuccess: false });
    expect(await data('/notifications')).toMatchObject([{ text: 'Configuration reload has failed.', active: true }]);

    const [kept] = (await data<{ alerts: { activeAt: string }[] }>('/alerts')).alerts;
    writeFileSync(running.rulesFile, rules.replace('alert: Never', 'alert: Rarely'));
    expect((await running.ask('/-/reload', {}, 'PUT')).status).toBe(200);
    expect(names(await data<Rules>('/rules'))).toEqual([
      ['queues', 'job:queue:max', 'QueueIsLong'],
      ['others', 'Rarely'],
    ]);
    expect((await data<{ alerts: unknown[] }>('/alerts')).alerts).toMatchObject([{ activeAt: kept?.activeAt }]);
    expect(await data('/notifications')).toEqual([]);
  });
});
