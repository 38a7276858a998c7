/** Runs a script of a test with the hooks before, in between or after, and tells what was patched. */
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { createGuard } from '../../../src/core/guard.ts';
import type { Hub, ModuleInstrumentation } from '../../../src/core/hub.ts';
import { hookModules } from '../../../src/modules/hooks.ts';

const require = createRequire(join(process.cwd(), 'index.js'));
const events: string[] = [];
const said: string[] = [];

const named = (module: string): ModuleInstrumentation => ({
  module,
  patch(exports) {
    const count = Object.keys(exports as object).length;
    events.push(`${module} ${count > 0 ? 'patched' : 'empty'}`);
    return () => events.push(`${module} back`);
  },
});

const failing: ModuleInstrumentation = {
  module: 'winston',
  patch() {
    throw new Error('a bad patch');
  },
};

const names = ['pg', 'express', 'hono', 'koa', 'apns2', 'pino', 'mysql2/promise'];
const settings = { enabled: true, without: ['pino', 'mysql2'] };
const hub = { settings, guard: createGuard((text) => said.push(text)) } as unknown as Hub;
const hook = () => hookModules(hub, [...names.map(named), failing]);
const loadBefore = Module.prototype as unknown as { load: unknown };

const scripts: Record<string, () => Promise<unknown>> = {
  async import() {
    hook();
    for (const name of ['pg', 'express', 'express4', 'hono', 'apns2', 'koa']) await import(name);
    await import('pg');
    require('pg');
  },
  async require() {
    hook();
    for (const name of ['pg', 'express', 'express4', 'hono', 'apns2', 'koa']) require(name);
    await import('pg');
  },
  async copies() {
    hook();
    await import('hono');
    require('hono');
  },
  async before() {
    require('pg');
    await import('koa');
    hook();
    await import('pg');
  },
  async without() {
    hook();
    require('pino');
    require('mysql2/promise');
  },
  async failing() {
    hook();
    return typeof require('winston').createLogger;
  },
  async undo() {
    const { load } = loadBefore;
    const hooks = hook();
    require('pg');
    await import('hono');
    hooks.undo();
    hooks.undo();
    require('koa');
    await import('apns2');
    return load === loadBefore.load;
  },
  async hand() {
    const hooks = hook();
    const bundled = { Client: class {} };
    const same = hooks.instrument(bundled, 'pg') === bundled;
    hooks.instrument(bundled, 'pg');
    const messages = [() => hooks.instrument({}), () => hooks.instrument({}, 'pq')].map((work) => {
      try {
        return work();
      } catch (error) {
        return (error as Error).message;
      }
    });
    hooks.instrument(require('koa'));
    return [same, ...messages];
  },
};

const result = await scripts[process.argv[2] ?? '']?.();
process.send?.({ events, said, result, counts: [...hub.guard.counts()] }, () => process.exit(0));
