/**
 * How much anonymous memory does Nightshift hold when nothing happens? Starts `serve` on a fresh data directory, waits
 * for a minute, and adds up RssAnon of the service and its engine (Linux only). Writes bench/results/idle.md.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const idleSeconds = 60;
const budgetMb = 150;
const dataDir = mkdtempSync(join(tmpdir(), 'nightshift-idle-'));
const entry = resolve('packages/cli/dist/nightshift.js');
const env = { ...process.env, NIGHTSHIFT_DATA_DIR: dataDir, NIGHTSHIFT_HTTP_PORT: '0', NIGHTSHIFT_HTTP_OTLP_PORT: '0' };
const startedAt = performance.now();
const serve = spawn(process.execPath, [entry, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise<void>((up, fail) => {
  serve.stdout.on('data', (chunk) => String(chunk).includes('is up') && up());
  serve.once('exit', (code) => fail(new Error(`serve ended with ${code}`)));
});
const upMs = Math.round(performance.now() - startedAt);

/** Megabytes (10^6) of anonymous memory, resident. */
function anonymousMb(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1024) / 1e6;
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1]) === pid;
      } catch {
        return false;
      }
    });
}

await sleep(idleSeconds * 1000);
const pid = serve.pid as number;
const rows = [
  ['serve', anonymousMb(pid)] as const,
  ...childrenOf(pid).map((child) => ['engine', anonymousMb(child)] as const),
];
const total = rows.reduce((sum, [, mb]) => sum + mb, 0);
const table = [
  '# Idle memory',
  '',
  `Anonymous resident memory ${idleSeconds} s after the start on a fresh data directory; nothing is sent, nothing asked.`,
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.`,
  `Up after ${upMs} ms. Budget: ${budgetMb} MB. Run by \`npm run bench -- idle\`.`,
  '',
  '| process | MB |',
  '|---|---:|',
  ...rows.map(([name, mb]) => `| ${name} | ${mb.toFixed(1)} |`),
  `| **together** | **${total.toFixed(1)}** |`,
  '',
].join('\n');
console.log(table);
writeFileSync('bench/results/idle.md', table);
const ended = new Promise((done) => serve.once('exit', done));
serve.kill('SIGTERM');
await ended;
rmSync(dataDir, { recursive: true, force: true });
process.exitCode = total < budgetMb ? 0 : 1;
