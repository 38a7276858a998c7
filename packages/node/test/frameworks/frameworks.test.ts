import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exchange, exchanges } from './exchanges.ts';
import { buildNext } from './next-app.ts';
import { type Mode, makeWorkplace, pipelined, routesOf, run, type Workplace } from './run.ts';

let workplace: Workplace;

beforeAll(async () => {
  workplace = await makeWorkplace();
});

afterAll(() => workplace?.remove());

function expected(list: readonly Exchange[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [method, , status, route] of list) {
    const key = `${method} ${route} ${status}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function hasTemplates(app: string, mode: Mode): Promise<void> {
  const running = await run(workplace, app, mode);
  try {
    const list = exchanges[app] ?? [];
    const statuses: unknown[] = [];
    for (const [method, path] of list) statuses.push([method, path, await running.ask(method, path)]);
    expect(statuses).toEqual(list.map(([method, path, status]) => [method, path, status]));
    await expect.poll(async () => routesOf(await running.report())).toEqual(expected(list));
  } finally {
    await running.stop();
  }
}

describe('routes are named by their templates', () => {
  for (const app of Object.keys(exchanges).filter((name) => name !== 'next')) {
    it(`${app}, imported`, () => hasTemplates(app, 'import'));
    if (app.startsWith('nest')) continue;
    it(`${app}, required`, () => hasTemplates(app, 'require'));
    it(`${app}, after the library was started in code`, () => hasTemplates(app, 'code'));
  }
});

describe('routes of Next.js', () => {
  let failure: string | undefined;

  beforeAll(async () => {
    const packages = join(import.meta.dirname, '../node_modules');
    failure = await buildNext(join(workplace.folder, 'next'), packages);
  }, 180_000);

  for (const mode of ['import', 'require', 'code'] as const) {
    it(`are named by their templates (${mode})`, async ({ skip }) => {
      if (failure) skip(failure);
      await hasTemplates('next', mode);
    });
  }

  it('may be handlers of the library', async ({ skip }) => {
    if (failure) skip(failure);
    const running = await run(workplace, 'next', 'import');
    try {
      const ask = (path: string, headers = {}) => fetch(`http://127.0.0.1:${running.port}${path}`, { headers });
      const ready = await ask('/ready');
      expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'failed' }]);
      expect((await ask('/ops')).status).toBe(403);
      const data = await ask('/ops?data', { 'x-user': 'ada' });
      expect(await data.json()).toMatchObject({ enabled: true, process: { node: process.version } });
      const served = 'http_request_duration_seconds_count{route="/ready",method="GET",status="503"} 1';
      await expect.poll(async () => (await ask('/metrics')).text()).toContain(served);
    } finally {
      await running.stop();
    }
  });
});

describe('views', () => {
  for (const app of ['express', 'express4']) {
    it(`of ${app} are operations of the kind render`, async () => {
      const running = await run(workplace, app, 'import');
      try {
        for (const [path, status] of [
          ['good', 200],
          ['bad', 500],
          ['good', 200],
        ] as const) {
          expect(await running.ask('GET', `/view/${path}`)).toBe(status);
        }
        const { kinds } = await running.report();
        expect(kinds.find(({ kind }) => kind === 'render')?.total).toMatchObject({ count: 3, failed: 1 });
      } finally {
        await running.stop();
      }
    });
  }
});

/** Set to a million for the figure of the README; a shorter run shows the same. */
const MANY = Number(process.env.MANY_PATHS ?? 5000);

describe('many raw paths', () => {
  for (const app of ['express', 'express4', 'fastify', 'koa', 'hono']) {
    it(`of ${app} make one label set each`, { timeout: 60_000 + MANY }, async () => {
      const running = await run(workplace, app, 'import');
      try {
        await pipelined(running.port, MANY, (at) => `/users/${at}-${'x'.repeat(at % 50)}`);
        await pipelined(running.port, MANY, (at) => `/nowhere-${at}/a/${at}`);
        expect(routesOf(await running.report())).toEqual({
          'GET /users/:user 200': MANY,
          'GET unknown 404': MANY,
        });
      } finally {
        await running.stop();
      }
    });
  }
});
