import type { ModuleInstrumentation } from '../core/hub.ts';
import { express, router } from './express/express.ts';
import { honoModules } from './hono.ts';
import { koaRouter } from './koa-router.ts';
import { nextApi, nextPages } from './next.ts';

/** Frameworks that tell the route of a request when they are asked in their code; Fastify tells it by itself. */
export const frameworks: readonly ModuleInstrumentation[] = [
  express,
  router,
  koaRouter,
  ...honoModules,
  nextPages,
  nextApi,
];
