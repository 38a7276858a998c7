import 'reflect-metadata';
import { createServer, type RequestListener } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import Router from '@koa/router';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, describe, expect, it } from 'vitest';
import { start } from '../../src/core/start.ts';
import { createDashboard } from '../../src/dashboard/dashboard.ts';
import { createMetricsHandler } from '../../src/handlers/metrics.ts';
import { createHealth } from '../../src/health/health.ts';

/** It comes without types. */
const express4 = createRequire(import.meta.url)('express4') as typeof express;

const TOKEN = 'of the frameworks';
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function handlers() {
  const started = start({
    options: { dashboardToken: TOKEN },
    environment: {},
    instrumentations: [],
    say: () => {},
  });
  started.meters.counter({ name: 'jobs_total', help: 'Jobs.' }).add([]);
  const dashboard = createDashboard(started);
  ends.push(() => dashboard.close());
  const seen: object[] = [];
  const check = (request: object) => {
    seen.push(request);
    return false;
  };
  return {
    seen,
    ops: dashboard.handler({ check }),
    metrics: createMetricsHandler(started, { open: true }),
    ready: createHealth(started).ready({ database: () => false }),
  };
}

type Handlers = ReturnType<typeof handlers>;

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const byPath = ({ ops, metrics, ready }: Handlers) =>
  new Map([
    ['/in/ops', ops],
    ['/in/metrics', metrics],
    ['/in/ready', ready],
  ]);

const FRAMEWORKS: Readonly<Record<string, (own: Handlers) => Promise<string> | string>> = {
  'node:http': (own) =>
    listening((request, response) => byPath(own).get((request.url ?? '').split('?')[0] ?? '')?.(request, response)),
  express: (own) => listening(mounted(express(), own)),
  'express 4': (own) => listening(mounted(express4(), own)),
  koa: (own) => {
    const router = new Router({ prefix: '/in' });
    router.all('/ops', own.ops.koa);
    router.all('/metrics', own.metrics.koa);
    router.all('/ready', own.ready.koa);
    return listening(new Koa().use(router.routes()).callback());
  },
  fastify: async (own) => {
    const app = Fastify({ forceCloseConnections: true });
    app.register(
      (inner, _, done) => {
        inner.all('/ops', own.ops.fastify);
        inner.all('/metrics', own.metrics.fastify);
        inner.all('/ready', own.ready.fastify);
        done();
      },
      { prefix: '/in' },
    );
    ends.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  'nest on express': (own) => nest(new ExpressAdapter(), own),
  'nest on fastify': (own) => nest(new FastifyAdapter(), own),
  hono: async (own) => {
    const app = new Hono();
    for (const [path, handler] of byPath(own)) app.all(path, (c) => handler.fetch(c.req.raw));
    return new Promise((done) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        done(`http://127.0.0.1:${port}`),
      );
      ends.push(() => new Promise((closed) => server.close(closed)));
    });
  },
};

/** The decorator is called by hand: what runs here is not compiled with those of types. */
async function nest(adapter: ExpressAdapter | FastifyAdapter, own: Handlers): Promise<string> {
  class Application {}
  Module({})(Application);
  const app = await NestFactory.create(Application, adapter, { logger: false, forceCloseConnections: true });
  for (const [path, handler] of byPath(own)) app.use(path, handler);
  ends.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

/** Behind a parser of bodies and below a router, as applications have them. */
function mounted(app: express.Express, { ops, metrics, ready }: Handlers): express.Express {
  const router = express.Router();
  app.use(express.json());
  router.use('/ops', ops);
  router.get('/metrics', metrics);
  router.get('/ready', ready);
  app.use('/in', router);
  return app;
}

describe.each(Object.entries(FRAMEWORKS))('under %s', (_, mount) => {
  it('the dashboard is signed in to, shown and left, metrics are read, and readiness is told', async () => {
    const own = handlers();
    const url = await mount(own);
    const ask = (path: string, init: RequestInit = {}) => fetch(url + path, init);

    const page = await ask('/in/ops');
    expect(page.status).toBe(401);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('METRICS_DASHBOARD_TOKEN');
    expect(own.seen).toHaveLength(1);

    const headers = { authorization: `Bearer ${TOKEN}` };
    const login = await ask('/in/ops?login=%2Fin%2Fops', { method: 'POST', headers });
    expect([login.status, await login.json()]).toEqual([200, {}]);
    const cookie = login.headers.get('set-cookie') ?? '';
    expect(cookie).toContain('; Path=/in/ops; ');
    const data = await ask('/in/ops?data&minutes=15', { headers: { cookie: cookie.split(';')[0]! } });
    expect(await data.json()).toMatchObject({ minutes: 15, enabled: true });
    const head = await ask('/in/ops', { method: 'HEAD', headers });
    expect([head.status, await head.text()]).toEqual([200, '']);

    const metrics = await ask('/in/metrics', { headers: { accept: 'application/openmetrics-text' } });
    expect(metrics.status).toBe(200);
    expect(metrics.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(await metrics.text()).toMatch(/# EOF\n$/);

    const ready = await ask('/in/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ status: 'failed', checks: [{ name: 'database', outcome: 'failed' }] });
  });
});

it('the same function answers over HTTP/2, and as a route handler of Next.js', async () => {
  const own = handlers();
  const server = createHttp2Server((request, response) => own.metrics(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  ends.push(() => {
    client.destroy();
    return new Promise((done) => server.close(done));
  });
  const stream = client.request({ ':path': '/metrics' });
  const status = new Promise((done) => stream.on('response', (headers) => done(headers[':status'])));
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  expect([await status, text]).toEqual([200, expect.stringContaining('jobs_total 1')]);

  const route = { GET: own.metrics.fetch };
  expect((await route.GET(new Request('http://x/metrics'))).status).toBe(200);
});
