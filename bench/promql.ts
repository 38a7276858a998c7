/**
 * How fast is a query? First the evaluator alone over arrays, then ten typical queries over HTTP beside Debian's
 * VictoriaMetrics and Prometheus with the same series. Writes bench/results/promql.md.
 */
import { writeFileSync } from 'node:fs';
import { benchEvaluator } from './promql/evaluator.ts';
import { machine } from './promql/measure.ts';
import { benchServers } from './promql/servers.ts';

const on = machine();
const evaluator = await benchEvaluator();
const servers = await benchServers();
const page = ['# Queries', '', `${on}. Run by \`npm run bench -- promql\`.`, '', ...evaluator, '', ...servers, ''];
writeFileSync('bench/results/promql.md', page.join('\n'));
console.log(page.join('\n'));
