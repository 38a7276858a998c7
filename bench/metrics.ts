/**
 * Is Nightshift a better store for metrics than what a user would pick instead? `npm run bench -- metrics [PART]` runs
 * one part or all, beside Debian's VictoriaMetrics and Prometheus. Writes bench/results/metrics.md.
 */
import { fileURLToPath } from 'node:url';
import { runIdleServer } from './metrics/idle-server.ts';
import { benchIngest } from './metrics/ingest.ts';
import { benchMemory } from './metrics/memory.ts';
import { writeSection } from './metrics/page.ts';
import { benchQueries } from './metrics/queries.ts';
import { runSender } from './metrics/sender.ts';
import { machine } from './promql/measure.ts';

const program = fileURLToPath(import.meta.url);

const parts: Record<string, { readonly heading: string; readonly run: () => Promise<string[]> }> = {
  ingest: { heading: 'Remote write', run: () => benchIngest(program) },
  queries: { heading: 'Queries and size', run: () => benchQueries(program) },
  memory: { heading: 'Memory', run: benchMemory },
};

if (process.argv[2] === 'send') await runSender(JSON.parse(process.argv[3] ?? ''));
else if (process.argv[2] === 'answer') runIdleServer(Number(process.argv[3]));
else {
  const wanted = process.argv[3] ?? '';
  const names = wanted === '' ? Object.keys(parts) : [wanted];
  for (const name of names) {
    const part = parts[name];
    if (!part) throw new Error(`npm run bench -- metrics PART, where PART is one of: ${Object.keys(parts).join(', ')}`);
    const on = machine();
    const lines = [`${on}. Run by \`npm run bench -- metrics ${name}\`.`, '', ...(await part.run())];
    writeSection('bench/results/metrics.md', part.heading, lines);
    console.log(lines.join('\n'));
  }
}
