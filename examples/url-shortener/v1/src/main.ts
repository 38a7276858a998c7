import { createLog } from './log.ts';
import { createApp } from './server.ts';
import { LinkStore } from './store.ts';

const host = process.env.HOST ?? '127.0.0.1';
const port = Number(process.env.PORT ?? 8080);
const log = createLog((line) => process.stdout.write(`${line}\n`));
const store = new LinkStore(process.env.LINKS_FILE ?? 'links.json');
const server = createApp(store, log, new URL('../public/', import.meta.url));

server.listen(port, host, () => log.info(`listening on http://${host}:${(server.address() as { port: number }).port}`));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info(`${signal}, finishing what is in flight`);
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
