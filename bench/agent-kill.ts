/**
 * Does a counter survive ten minutes of kills without a hole and without a repeat? `npm run bench -- agent-kill [--minutes
 * 10]` runs the service and an agent, kills one of them with SIGKILL every few seconds, and compares what is stored with
 * what the target has shown. Writes bench/results/agent-kill.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { killAtRandom } from '../packages/agent/test/kill-run.ts';
import { machine, table } from './promql/measure.ts';

const at = process.argv.indexOf('--minutes');
const minutes = at < 0 ? 10 : Number(process.argv[at + 1]);
if (!(minutes > 0)) throw new Error('npm run bench -- agent-kill --minutes N, where N is above 0');
const entry = resolve(process.env.NIGHTSHIFT_BENCH_ENTRY ?? 'packages/cli/dist/nightshift.js');
const on = machine();
const dir = mkdtempSync(join(tmpdir(), 'nightshift-agent-kill-'));
const intervalMs = 250;
const result = await killAtRandom({
  entry,
  dir,
  seconds: minutes * 60,
  intervalMs,
  random: Math.random,
  say: (line) => console.error(line),
});
rmSync(dir, { recursive: true, force: true });
const page = [
  '# Kills of the agent and the service',
  '',
  `${on}. Run by \`npm run bench -- agent-kill --minutes ${minutes}\`.`,
  '',
  `A target whose counter grows by one with each scrape is scraped every ${intervalMs} ms by an agent that writes to a`,
  'service. Every few seconds one of both is killed with SIGKILL and started again. In the end every value that the target',
  'has shown must be stored once, in order. A value that was being scraped in the moment when the agent died may be missing:',
  'nobody had it yet.',
  '',
  ...table(
    ['minutes', 'kills of the agent', 'kills of the service', 'values shown', 'values stored', 'holes and repeats'],
    [[minutes, result.agentKills, result.serveKills, result.shown, result.stored, result.faults.length].map(String)],
  ),
  '',
  ...result.faults.slice(0, 50).map((fault) => `* ${fault}`),
].join('\n');
console.log(page);
writeFileSync('bench/results/agent-kill.md', `${page.trimEnd()}\n`);
process.exitCode = result.faults.length === 0 ? 0 : 1;
