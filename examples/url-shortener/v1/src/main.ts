import { nightshift } from '@nightshift/node';
import { createLog } from './log.ts';
import { MeasuredLinkStore } from './measured-store.ts';
import { createApp } from './server.ts';

const host = process.env.HOST ?? '127.0.0.1';
const port = Number(process.env.PORT ?? 8080);
const log = createLog((line) => process.stdout.write(`${line}\n`));
const ns = nightshift();
const store = new MeasuredLinkStore(process.env.LINKS_FILE ?? 'links.json', ns);
const server = createApp(store, log, new URL('../public/', import.meta.url), ns);

server.listen(port, host, () => log.info(`listening on http://${host}:${(server.address() as { port: number }).port}`));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info(`${signal}, finishing what is in flight`);
    server.close(() => ns.close().then(() => process.exit(0)));
    server.closeIdleConnections();
  });
}
