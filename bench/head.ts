/** What do the typical queries over the last hour cost within the process: the head, the evaluator and the JSON, without HTTP? */
import { benchHead } from './promql/head.ts';
import { machine } from './promql/measure.ts';

console.log([machine(), '', ...(await benchHead(process.env.ONLY))].join('\n'));
