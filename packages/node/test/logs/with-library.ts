/** Starts the library before the application that is named; what it would push goes to file descriptor 3 as JSON. */
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { start } from '../../src/core/start.ts';
import { bunyanLogs } from '../../src/logs/bunyan.ts';
import { consoleLogs } from '../../src/logs/console.ts';
import { pinoLogs } from '../../src/logs/pino.ts';
import type { LogRecord } from '../../src/logs/record.ts';
import { winstonLogs } from '../../src/logs/winston.ts';
import { hookModules } from '../../src/modules/hooks.ts';

const [, , application = '', faults] = process.argv;
const hub = start({ options: {}, environment: {}, instrumentations: [consoleLogs], say: () => {} });
hookModules(hub, [pinoLogs, winstonLogs, bunyanLogs]);
const records: LogRecord[] = [];
hub.onLog((record) => {
  records.push(record);
  console.log('a listener that logs must not come back');
});
// What the listener prints goes nowhere: only its coming back would be seen.
const print = process.stdout.write;
process.stdout.write = function write(this: NodeJS.WriteStream, ...values: Parameters<typeof print>) {
  return String(values[0]).includes('a listener that logs') ? true : print.apply(process.stdout, values);
} as typeof print;
if (faults) {
  hub.guard.inject = (place) => {
    throw new Error(`injected in ${place}`);
  };
}
process.on('exit', () => {
  const shown = records.map(({ severity, severityText, content, traceId }) => {
    const { body, attributes } = typeof content === 'function' ? content() : content;
    return { severity, severityText, traceId, body, attributes };
  });
  writeSync(3, JSON.stringify(shown));
});
const span = hub.tracer.start('whole', 'internal');
await hub.tracer.run(span, () => import(pathToFileURL(application).href));
