/**
 * What does the library cost the application? `npm run bench -- node [ROUNDS] [SECONDS]` runs the same application without
 * anything, with @nightshift/node as it is published, with prom-client and with OpenTelemetry, each in a fresh process and
 * taking turns, under the same load. Writes bench/results/node.md.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Figures, type Framework, summarize } from './node/figures.ts';
import { importTime } from './node/import-time.ts';
import { hasWrk, pace, saturate } from './node/load.ts';
import { page, type Result } from './node/page.ts';
import { type Receiver, startReceiver } from './node/receiver.ts';
import { startSubject } from './node/subject.ts';
import { type Variant, variantsOf } from './node/variants.ts';
import { machine } from './promql/measure.ts';

const connections = 50;
const paced = 2000;
const starts = 10;
const frameworks: readonly Framework[] = ['node', 'fastify'];

const rounds = Number(process.argv[3] ?? 5);
const seconds = Number(process.argv[4] ?? 5);
if (!(rounds >= 1 && seconds >= 1)) throw new Error('npm run bench -- node ROUNDS SECONDS, each at least 1');

async function build(): Promise<string> {
  // Below node_modules, so that what the package depends on is found.
  const built = resolve('node_modules/.nightshift-bench/node-package');
  rmSync(built, { recursive: true, force: true });
  mkdirSync(built, { recursive: true });
  const { stageNode } = (await import(pathToFileURL(resolve('tools/build-node.mjs')).href)) as {
    stageNode(root: string, stage: string): Promise<void>;
  };
  await stageNode(process.cwd(), built);
  return built;
}

async function measure(framework: Framework, variant: Variant, receiver: Receiver): Promise<Figures> {
  const before = receiver.traces();
  const subject = await startSubject(framework, variant);
  /** Microseconds of processor time for each of the requests that `load` makes. */
  const cpuOf = async (load: () => ReturnType<typeof saturate>) => {
    const cpu = await subject.cpu();
    const loaded = await load();
    return { ...loaded, cpu: ((await subject.cpu()) - cpu) / loaded.requests };
  };
  try {
    await saturate(subject.url, 1, connections);
    const saturated = await cpuOf(() => saturate(subject.url, seconds, connections));
    const { anonymous: memory, used } = await subject.memory();
    await pace(subject.url, 1, connections, paced);
    const fixed = await cpuOf(() => pace(subject.url, seconds, connections, paced));
    if (variant.exports && receiver.traces() === before) throw new Error(`${variant.name}: no span arrived`);
    const { perSecond, cpu: cpuSaturated } = saturated;
    return { perSecond, cpuSaturated, cpuPaced: fixed.cpu, p99: fixed.p99, memory, used };
  } finally {
    await subject.stop();
  }
}

const on = machine();
const receiver = await startReceiver();
const built = await build();
const variants = variantsOf({ built, receiver: receiver.url });
const results: Result[] = [];
for (const framework of frameworks) {
  const figures = new Map(variants.map(({ name }) => [name, [] as Figures[]]));
  for (let round = 1; round <= rounds; round++) {
    for (const variant of variants) {
      const measured = await measure(framework, variant, receiver);
      figures.get(variant.name)?.push(measured);
      const { perSecond, cpuSaturated } = measured;
      console.log(
        `${framework}, round ${round}, ${variant.name}: ${Math.round(perSecond)} requests/s, ${cpuSaturated.toFixed(1)} µs`,
      );
    }
  }
  const nothing = figures.get(variants[0]?.name ?? '') ?? [];
  results.push({
    framework,
    summaries: [...figures].map(([name, all]) => ({ name, summary: summarize(all, nothing) })),
  });
}
const imports = variants.flatMap(({ name, module, env }) =>
  module ? [{ name: name.split(',', 1)[0] ?? name, milliseconds: importTime(module, env, starts) }] : [],
);
receiver.stop();
const conditions = {
  ...{
    machine: on,
    command: `npm run bench -- node ${rounds} ${seconds}`,
    rounds,
    seconds,
    connections,
    paced,
    starts,
  },
  saturatedBy: hasWrk() ? 'wrk' : 'autocannon',
};
const written = page(results, imports, conditions);
console.log(`\n${written}`);
writeFileSync(join('bench/results', 'node.md'), written);
process.exit(0);
