import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiData, instantVector, type RunningServe, runServe } from '../../../cli/test/running-serve.ts';
import { start } from '../../src/core/start.ts';
import { createExporter } from '../../src/export/exporter.ts';
import { consoleLogs } from '../../src/logs/console.ts';

/** The service itself takes what is pushed and answers for it. */
describe('pushes to `nightshift serve`', () => {
  let serve: RunningServe;
  beforeAll(async () => {
    serve = await runServe();
  }, 120_000);
  afterAll(() => serve?.stop());

  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${serve.peer.url}${path}`, {
      headers: serve.peer.headers,
      signal: AbortSignal.timeout(20_000),
    });
    return (await response.json()) as T;
  };
  const eventually = async <T>(what: () => Promise<T | undefined>): Promise<T> => {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const found = await what();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error('not within 20 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('are found by PromQL, by trace and by search', { timeout: 120_000 }, async () => {
    const started = start({
      options: {
        endpoint: serve.peer.url,
        token: serve.token,
        serviceName: 'pushing',
        exportInterval: 86_400_000,
        resourceAttributes: { 'service.version': '42' },
      },
      environment: {},
      instrumentations: [consoleLogs],
      say: () => {},
    });
    const exporter = createExporter(started, () => {})!;
    const { tracer, meters } = started;
    const buckets = [0.1, 1];
    const took = meters.histogram({ name: 'pushed_duration_seconds', help: 'Took.', labels: ['route'], buckets });
    meters.counter({ name: 'pushed_total', help: 'Pushed.', labels: ['kind'] }).add(['book'], 3);
    const outer = tracer.start('GET /books/:id', 'server');
    const mark = randomUUID();
    tracer.run(outer, () => {
      const inner = tracer.start('SELECT books', 'client');
      inner.fail(new Error('no such book'));
      inner.end();
      console.log('looked for', mark);
    });
    took.observe(['/books/:id'], 0.5, outer);
    outer.end();
    await exporter.close();
    started.stop();
    expect(exporter.status().map(({ signal, dropped, problem }) => [signal, dropped, problem])).toEqual([
      ['metrics', {}, ''],
      ['traces', {}, ''],
      ['logs', {}, ''],
    ]);

    const [total] = await instantVector(serve.peer, 'pushed_total');
    expect(total).toMatchObject({ metric: { job: 'pushing', kind: 'book' }, value: [expect.any(Number), '3'] });
    const [quantile] = await instantVector(serve.peer, 'histogram_quantile(0.5, pushed_duration_seconds_bucket)');
    expect(Number(quantile!.value[1])).toBeCloseTo(0.55, 6);
    const now = Date.now() / 1000;
    const exemplars = await apiData<{ exemplars: { labels: Record<string, string> }[] }[]>(
      serve.peer,
      `query_exemplars?query=pushed_duration_seconds_bucket&start=${now - 600}&end=${now + 60}`,
    );
    expect(exemplars.flatMap((one) => one.exemplars.map(({ labels }) => labels.trace_id))).toEqual([outer.traceId]);

    const spans = await eventually(async () => {
      const answer = await ask<{ spans?: { name: string }[] }>(`/api/v1/traces/${outer.traceId}`);
      return answer.spans?.length === 2 ? answer.spans : undefined;
    });
    expect(spans.map(({ name }) => name).sort()).toEqual(['GET /books/:id', 'SELECT books']);
    const [line] = await eventually(async () => {
      const { logs } = await ask<{ logs: object[] }>(`/api/v1/logs?trace=${outer.traceId}&q=${mark}`);
      return logs.length > 0 ? logs : undefined;
    });
    expect(line).toMatchObject({ service: 'pushing', version: '42', severity: 9, body: `looked for ${mark}` });
  });
});
