/** A process that serves one application, with the library or without. Arguments: application, mode, folder of files. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { App } from './apps/app.ts';
import { type Notes, nameOf, Seen } from './apps/seen.ts';
import { startLibrary } from './library.ts';

export interface Report {
  readonly notes: Notes;
  /** Errors of the library by place, and the places that were come to since the last report. */
  readonly errors: Readonly<Record<string, number>>;
  readonly places: readonly string[];
  /** Bytes, the most that the process had. */
  readonly memory: number;
}

/** Sent to the child: from now on throw at this place; `''` at none, `*` at all. */
export interface Order {
  readonly inject?: string;
}

const apps: Readonly<Record<string, () => Promise<App>>> = {
  node: async () => (await import('./apps/node.ts')).node,
  'node-tls': async () => (await import('./apps/node.ts')).nodeTls,
  express: async () => (await import('./apps/express.ts')).express5,
  express4: async () => (await import('./apps/express.ts')).expressFour,
  fastify: async () => (await import('./apps/fastify.ts')).fastifyApp,
  koa: async () => (await import('./apps/koa.ts')).koa,
  hono: async () => (await import('./apps/hono.ts')).hono,
  'nest-express': async () => (await import('./apps/nest.ts')).nestExpress,
  'nest-fastify': async () => (await import('./apps/nest.ts')).nestFastify,
  next: async () => (await import('./apps/next.ts')).nextApp,
  http2: async () => (await import('./apps/http2.ts')).http2App,
};

const [, , name = '', mode = '', files = ''] = process.argv;
const seen = new Seen();
const library = await startLibrary(mode);

for (const event of ['uncaughtException', 'unhandledRejection', 'warning'] as const) {
  process.on(event as 'warning', (error: Error) => seen.note('process', `${event}: ${error?.message}`));
}
process.on('uncaughtException', () => seen.thrown?.destroy());
console.error = () => {};

/** What all applications have in common: they listen to what happens, and speak another protocol when asked. */
function prepare(server: Server): void {
  server.prependListener('request', (request, response) => seen.watch(request, response));
  server.on('upgrade', (request, socket, head) => {
    seen.note(nameOf(request), `upgrade with ${head.length} bytes`);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    if (head.length > 0) socket.write(head);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
}

const server = await (await apps[name]!())({ seen, files });
if (name !== 'http2') prepare(server);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

process.on('message', ({ inject }: Order) => {
  if (inject !== undefined) library.inject(inject);
  const report: Report = { notes: seen.take(), ...library.report(), memory: process.resourceUsage().maxRSS * 1024 };
  process.send?.({ report });
});
process.on('disconnect', () => process.exit(0));
