import { describe, expect, it } from 'vitest';
import { createGuard } from '../core/guard.ts';
import { createExposition } from './expose.ts';
import { createMeters } from './prom-meters.ts';

function meters() {
  const said: string[] = [];
  const guard = createGuard((text) => said.push(text));
  const own = createMeters(guard);
  const expose = createExposition(own.registry);
  const read = async (accept = '') => (await expose(accept)).body;
  return { ...own, guard, said, expose, read };
}

describe('a meter', () => {
  it('is exposed as Prometheus reads it', async () => {
    const { read, counter, gauge, histogram } = meters();
    counter({ name: 'jobs_total', help: 'Jobs.', labels: ['queue'] }).add(['mail'], 2);
    gauge({ name: 'pool', help: 'Pool.' }, (own) => own.set([], 7));
    histogram({ name: 'took_seconds', help: 'Took.', labels: ['route'], buckets: [0.1, 1] }).observe(['/'], 0.5);
    const text = await read();
    expect(text).toContain('jobs_total{queue="mail"} 2');
    expect(text).toContain('pool 7');
    expect(text).toContain('took_seconds_bucket{le="1",route="/"} 1');
  });

  it('takes a bounded number of label sets; the rest is counted as other', async () => {
    const { read, counter } = meters();
    const requests = counter({ name: 'r_total', help: 'R.', labels: ['route', 'method'] });
    for (let i = 0; i < 1_000_000; i += 100) requests.add([`/${i}`, 'GET']);
    const text = await read();
    expect(text.split('\n').filter((line) => line.startsWith('r_total{'))).toHaveLength(2001);
    expect(text).toContain('r_total{route="other",method="other"} 8000');
  });

  it('shows exemplars of sampled traces in OpenMetrics', async () => {
    const { read, histogram } = meters();
    const took = histogram({ name: 'took_seconds', help: 'Took.', labels: ['route'], buckets: [1] });
    const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    took.observe(['/'], 0.5, { ...ids, sampled: true });
    took.observe(['/'], 0.7, { ...ids, sampled: false });
    const text = await read('application/openmetrics-text; version=1.0.0');
    expect(text).toMatch(/took_seconds_bucket\{le="1",route="\/"\} 2 # \{trace_id="a{32}",span_id="b{16}"\} 0\.5/);
  });

  it('answers each asker in the format that it reads, also at the same time', async () => {
    const { expose, counter } = meters();
    counter({ name: 'r_total', help: 'R.' }).add([]);
    // As Prometheus asks.
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1';
    const [open, plain, browser] = await Promise.all([expose(accept), expose('text/plain'), expose(undefined)]);
    expect(open.contentType).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(open.body).toMatch(/# EOF\n$/);
    expect(plain).toEqual(browser);
    expect(plain.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(plain.body).not.toContain('# EOF');
    expect((await expose('text/plain;q=1,application/openmetrics-text;q=0')).body).not.toContain('# EOF');
  });

  it('never throws: what it cannot take is counted as an error of the library', () => {
    const { counter, guard } = meters();
    const bad = counter({ name: 'bad_total', help: 'Bad.', labels: ['a'] });
    bad.add(['x'], -1);
    bad.add(['x', 'y']);
    expect(guard.counts().get('meters.counter')).toBe(2);
  });
});
