import { FastifyAdapter } from '@nestjs/platform-fastify';
import { serveNest } from './nest-routes.mjs';

await serveNest(new FastifyAdapter(), '*');
