/** Programs of the project, as people write them: they end with 0, and print a line of JSON about what they saw. */

const serves = `
const ns = nightshift();
const metrics = ns.metrics({ open: true });
const answer = (request, response) =>
  request.url === '/metrics' ? metrics(request, response) : response.end('hello');
const server = createServer(answer).listen(0, '127.0.0.1', async () => {
  const address = 'http://127.0.0.1:' + server.address().port;
  await (await fetch(address + '/')).text();
  const measured = await ns.measure('upload', { bucket: 'a' }, async () => 7);
  // A request is over for whoever asked before it is over for the server.
  const isServed = () => /^http_request_duration_seconds_count\\{.*\\} 1$/m.test(text);
  let text = '';
  for (let tries = 0; tries < 500 && !isServed(); tries++) {
    await new Promise((done) => setTimeout(done, 10));
    text = await ns.registry.metrics();
  }
  text = await (await fetch(address + '/metrics')).text();
  server.closeAllConnections();
  server.close();
  await ns.close();
  console.log(JSON.stringify({
    measured,
    served: isServed(),
    operation: text.includes('operation_duration_seconds_count{operation="upload",outcome="ok"} 1'),
  }));
});
`;

export const served = { measured: 7, served: true, operation: true };

/** The first to ask for it starts it; with a preload, what is given is what runs already. */
export const asModule = `
import { createServer } from 'node:http';
import { nightshift } from '@nightshift/node';
${serves}`;

export const asCommonJs = `
const { createServer } = require('node:http');
const { nightshift } = require('@nightshift/node');
${serves}`;

/** Both in one process. */
export const both = `
import { createRequire } from 'node:module';
import * as imported from '@nightshift/node';
const required = createRequire(import.meta.url)('@nightshift/node');
const ns = imported.nightshift({ samplingRate: 0.5 });
let refused = '';
try {
  required.nightshift({ samplingRates: 0.1 });
} catch (error) {
  refused = error.message;
}
let wrong;
await ns.close();
try {
  required.nightshift({ samplingRates: 0.1 });
} catch (error) {
  wrong = error instanceof imported.OptionsError;
}
console.log(JSON.stringify({
  same: required.nightshift === imported.nightshift,
  names: Object.keys(imported).sort().join() === Object.keys(required).sort().join(),
  refused: refused.includes('samplingRates'),
  wrong,
}));
`;

/** Type-checked, as .mts and as .cts. */
export const typed = `
import { nightshift, OptionsError, type Nightshift, type Options } from '@nightshift/node';
const options: Options = { samplingRate: { database: 0.1, default: 1 } };
const ns: Nightshift = nightshift(options);
const uploaded: Promise<number> = ns.measure('upload', { bucket: 'a' }, async () => 3);
const rendered: string = ns.measure('page', {}, () => 'text', 'render');
const names: string[] = ns.config().map(({ name, from }) => name + from);
const metrics: Promise<string> = ns.registry.metrics();
const problems: readonly string[] = new OptionsError([]).problems;
// @ts-expect-error: there is no such option
nightshift({ samplingRates: 0.1 });
// @ts-expect-error: a text is not a rate
nightshift({ traceRate: 'all' });
export const all = [uploaded, rendered, names, metrics, problems];
`;
