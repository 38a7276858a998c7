/**
 * What do roll-ups gain over reading samples, and what do they cost? `npm run bench -- rollups`: an engine of its own, with
 * rows written directly; prints tables for docs/decisions/015-roll-ups.md. DAYS, SERIES (of each kind) and
 * KINDS are settings.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createEvaluator, type SeriesSource } from '../packages/promql/src/index.ts';
import { startEngine } from '../packages/server/src/engine/engine.ts';
import { migrate } from '../packages/server/src/engine/migrate.ts';
import { rollUps } from '../packages/server/src/engine/migrations/006-roll-ups.ts';
import { migrations } from '../packages/server/src/engine/migrations/index.ts';
import { engineSamples, spanOf } from '../packages/server/src/store/engine-samples.ts';
import { RollupHours } from '../packages/server/src/store/rollup/rollup-hours.ts';
import { RollupSource } from '../packages/server/src/store/rollup/rollup-source.ts';
import { SeriesIndex } from '../packages/server/src/store/series-index.ts';
import { SeriesLookup } from '../packages/server/src/store/series-lookup.ts';
import { engineLauncher } from '../packages/server/test/engine-launcher.ts';
import { machine, median, processorTime, processorTimeOf, shown, table, timed } from './promql/measure.ts';
import { kinds as allKinds, scrapeMs } from './rollups/kinds.ts';

const kinds = allKinds.filter(({ name }) => (process.env.KINDS ?? name).split(',').includes(name));
const days = Number(process.env.DAYS ?? 7);
const perKind = Number(process.env.SERIES ?? 1000);
const start = Date.UTC(2026, 4, 4);
const hourMs = 3_600_000;
const firstHour = start / hourMs;
const scrapes = hourMs / scrapeMs;
const end = start + days * 24 * hourMs;

const launcher = await engineLauncher();
const dir = mkdtempSync(join(tmpdir(), 'nightshift-bench-rollups-'));
const engine = await startEngine({ dir, launcher, memoryBytes: 1_000_000_000, log: { info() {}, warn() {} } });
await migrate(engine, migrations);
if (!migrations.includes(rollUps)) await migrate(engine, [...migrations, rollUps]);

const index = new SeriesIndex();
const samples = days * 24 * scrapes * perKind;
/** Of each kind, those that the rows of a table were made of while its size is taken: the first day is enough for roll-ups. */
const samplesOf = (name: string): number => (name === 'samples' ? samples : samples / days);
const built: Record<string, { bytes: Record<string, number>; rows: Record<string, number> }> = {};

async function writeHour(hour: number, ids: readonly bigint[], value: (series: number, i: number) => number) {
  const rows = ids.length * scrapes;
  const id = new BigUint64Array(rows);
  const time = new BigInt64Array(rows);
  const values = new Float64Array(rows);
  const from = (hour - firstHour) * scrapes;
  for (let s = 0, row = 0; s < ids.length; s++) {
    const phase = (s * 7919) % scrapeMs;
    for (let i = 0; i < scrapes; i++, row++) {
      id[row] = ids[s]!;
      time[row] = BigInt(hour * hourMs + i * scrapeMs + phase);
      values[row] = value(s, from + i);
    }
  }
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
  const text = (s: string) => Uint8Array.from([s.length, ...Buffer.from(s)]);
  const bytes = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const block = [
    Uint8Array.from([3, ...varint(rows)]),
    ...[text('id'), text('UInt64'), bytes(id)],
    ...[text('time'), text("DateTime64(3, 'UTC')"), bytes(time)],
    ...[text('value'), text('Float64'), bytes(values)],
  ];
  await engine.insert('nightshift.samples', ['id', 'time', 'value'], block, `hour ${hour} ${ids[0]}`, 'Native');
}

const tables = ['samples', 'rollups_5m', 'rollups_1h'] as const;
const bytesOf = async () => {
  const rows = await engine.query<{ table: string; bytes: string; rows: string }>(
    `SELECT table, sum(data_compressed_bytes) AS bytes, sum(rows) AS rows FROM system.parts
     WHERE database = 'nightshift' AND active GROUP BY table`,
  );
  return new Map(rows.map((row) => [row.table, { bytes: Number(row.bytes), rows: Number(row.rows) }]));
};

async function showColumns(kind: string): Promise<void> {
  const columns = await engine.query<{ table: string; column: string; bytes: string }>(
    `SELECT table, column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
     WHERE database = 'nightshift' AND active AND table LIKE 'rollups%' GROUP BY table, column ORDER BY table, bytes DESC`,
  );
  for (const { table: name, column, bytes } of columns) {
    process.stderr.write(`${kind} ${name} ${column} ${shown(Number(bytes) / samplesOf(name))}\n`);
  }
}

const until = firstHour + days * 24;
const never = new AbortController().signal;
for (const [number, kind] of kinds.entries()) {
  const own = new SeriesIndex();
  for (let s = 0; s < perKind; s++) {
    const labels = new Map([
      ['__name__', kind.name],
      ['instance', `10.0.0.${s}:9100`],
      ['route', `/r/${s % 20}`],
    ]);
    own.intern(labels);
    index.intern(labels);
  }
  const ids = own.since(0).map(({ id }) => id);
  const before = await bytesOf();
  for (let hour = firstHour; hour < until; hour++) await writeHour(hour, ids, kind.value);
  const derivation = new RollupHours(engine, own);
  for (let hour = firstHour; hour < firstHour + 24; hour++) await derivation.build(hour, number, never);
  for (const name of tables) await engine.command(`OPTIMIZE TABLE nightshift.${name} FINAL`);
  const after = await bytesOf();
  const grown = (what: 'bytes' | 'rows') =>
    Object.fromEntries(tables.map((name) => [name, (after.get(name)?.[what] ?? 0) - (before.get(name)?.[what] ?? 0)]));
  built[kind.name] = { bytes: grown('bytes'), rows: grown('rows') };
  if (process.env.COLUMNS_TOO) await showColumns(kind.name);
  for (const name of tables.slice(1)) await engine.command(`TRUNCATE TABLE nightshift.${name}`);
  process.stderr.write(`${kind.name} is there\n`);
}

const generation = kinds.length;
const derivation = new RollupHours(engine, index);
const engineBefore = processorTimeOf(engine.pid!);
const buildMs: number[] = [];
const buildCpu = await processorTime(async () => {
  for (let hour = firstHour; hour < until; hour++) {
    buildMs.push(await timed(() => derivation.build(hour, generation, never)));
  }
});
const engineCpu = processorTimeOf(engine.pid!) - engineBefore;

const lines = [
  `${machine()}; ${perKind} series of each kind, ${days} days, every ${scrapeMs / 1000} s`,
  '',
  ...table(
    ['series', 'bytes a sample: samples', '5 minutes', '1 hour', 'rows a bucket'],
    Object.entries(built).map(([name, { bytes, rows }]) => [
      name,
      ...tables.map((each) => shown(bytes[each]! / samplesOf(each))),
      shown(rows.rollups_5m! / (samplesOf('rollups_5m') / (300_000 / scrapeMs))),
    ]),
  ),
  '',
  `Rolled up: ${shown(median(buildMs))} ms an hour of ${perKind * kinds.length} series; ${shown((buildCpu + engineCpu) / samples / kinds.length / 1e-3)} core-seconds a million samples, of which ${shown((100 * engineCpu) / (buildCpu + engineCpu))} % in the engine.`,
];
const lookup = new SeriesLookup(index);
const select: SeriesSource['select'] = async ({ matchers, start, end, signal, budget }) => {
  const matched = lookup.match(matchers);
  const found = await engineSamples(engine, matched, start, end, signal, budget, spanOf(matched, matched));
  return matched.flatMap(({ id, labels }) => {
    const own = found.get(id);
    return own ? [{ labels, ...own }] : [];
  });
};
const source = new RollupSource({
  engine,
  hours: {
    current: (hour) => (hour >= firstHour && hour < until ? generation : undefined),
    sorted: () => Array.from({ length: days * 24 }, (_, i) => firstHour + i),
  },
  samples: { select },
  match: (matchers) => lookup.match(matchers),
  spanOf: (series) => spanOf(series, series),
  haveHistograms: () => false,
  coveredFrom: () => end + hourMs,
});
const plain = createEvaluator({ sorted: true, select });
const rolled = createEvaluator({ sorted: true, select, rollups: (request) => source.rollups(request) });

const minute = 60_000;
const queries: readonly (readonly [string, number])[] = [
  ['sum by (route) (rate(requests_total[1h]))', hourMs],
  ['sum by (route) (rate(requests_total[5m]))', hourMs],
  ['sum by (route) (rate(requests_total[5m]))', 5 * minute],
  ['requests_total', hourMs],
  ['max_over_time(node_load1[1h])', hourMs],
  ['avg(avg_over_time(temperature[6h]))', hourMs],
  ['histogram_quantile(0.9, sum by (route) (rate(duration_seconds_bucket[1h])))', hourMs],
  ['sum(requests_total)', 30 * minute],
  ['max_over_time(node_load1{instance="10.0.0.7:9100"}[1h])', hourMs],
];
const measured: string[][] = [];
for (const [query, step] of queries) {
  if (!kinds.some(({ name }) => query.includes(name))) continue;
  const cells = [`\`${query}\``, `${step / minute} min`];
  const answers: string[] = [];
  for (const evaluator of [plain, rolled]) {
    const times: number[] = [];
    const cpus: number[] = [];
    for (let round = 0; round < 3; round++) {
      const engineBefore = processorTimeOf(engine.pid!);
      const cpu = await processorTime(async () => {
        times.push(
          await timed(async () => {
            const result = await evaluator.range(query, start + 6 * hourMs, end, step);
            if (round === 0 && result.resultType === 'matrix')
              answers.push(
                JSON.stringify(result.series.map(({ values }) => [...values].map((v) => v.toPrecision(11)))),
              );
          }),
        );
      });
      cpus.push(cpu + processorTimeOf(engine.pid!) - engineBefore);
    }
    cells.push(shown(Math.min(...times)), shown(Math.min(...cpus)));
  }
  measured.push([...cells, answers[0] === answers[1] ? 'yes' : 'NO']);
}
lines.push(
  '',
  ...table(['query over all days', 'step', 'samples: ms', 'CPU ms', 'roll-ups: ms', 'CPU ms', 'same'], measured),
);
console.log(lines.join('\n'));
await engine.close();
rmSync(dir, { recursive: true, force: true });
rmSync(dirname(launcher.args.at(-1) ?? ''), { recursive: true, force: true });
