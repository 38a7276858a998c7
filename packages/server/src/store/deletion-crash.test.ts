import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type KilledHost, killBench, killRounds } from '../../test/kill-harness.ts';
import { rejectedDirOf } from './open.ts';

const ROUNDS = 20;
/** Of all samples; recent, so that they are in the head. */
const base = Date.now() - 600_000;

/** What a lane printed, each a count of numbers from 0. */
interface Lane {
  acknowledged: number;
  readonly asked: number[];
  gone: number;
}

function collect({ output }: KilledHost, lanes: Map<string, Lane>): void {
  for (const [, what, name = '', text] of output.matchAll(/^(ack|ask|gone) (\S+) (\d+)$/gm)) {
    const lane = lanes.get(name) ?? { acknowledged: 0, asked: [], gone: 0 };
    const count = Number(text);
    if (what === 'ack') lane.acknowledged = count;
    else if (what === 'ask') lane.asked.push(count);
    else lane.gone = count;
    lanes.set(name, lane);
  }
}

/** What is wrong with the numbers of a lane that are there. Between two deletions that were not answered, all or none are. */
function offences(name: string, { acknowledged, asked, gone }: Lane, numbers: readonly number[]): string[] {
  const there = new Set(numbers);
  const found: string[] = [];
  if (there.size !== numbers.length) found.push(`${name}: ${numbers.length} samples, ${there.size} different`);
  const back = numbers.filter((number) => number < gone).length;
  if (back > 0) found.push(`${name}: ${back} of ${gone} came back`);
  const open = [gone, ...asked.filter((count) => count > gone)];
  for (const [place, from] of open.entries()) {
    const isLast = place === open.length - 1;
    const to = isLast ? acknowledged : open[place + 1]!;
    const count = numbers.filter((number) => number >= from && number < to).length;
    if (count !== to - from && (isLast || count > 0))
      found.push(`${name}: ${count} of the numbers from ${from} to ${to}`);
  }
  return found;
}

it('what was deleted stays away and what came later is there, after 20 times kill -9 of the server or the engine', async () => {
  const bench = await killBench('src/store/deletion-crash-host.ts');
  const lanes = new Map<string, Lane>();
  try {
    await killRounds({
      rounds: ROUNDS,
      start: (round) => bench.start(String(round), String(base)),
      async working(host, round) {
        // On a busy machine a deletion takes longer than a round would: every other one waits until one was answered.
        if (round % 2 === 0) await host.printed(/^gone /m);
        await sleep(200 + Math.random() * 900);
      },
      ended: (host) => collect(host, lanes),
    });
    const { engine, store, close } = await bench.reopen();
    const select = () =>
      store.metrics.select({
        matchers: [{ name: '__name__', op: '=', value: 'crash' }],
        ...{ start: 0, end: 8.64e15, step: 0, func: '', range: 0, grouping: [], by: false },
      });
    const offencesIn = (where: ReadonlyMap<string | undefined, readonly number[]>) =>
      [...lanes].flatMap(([name, lane]) => offences(name, lane, where.get(name) ?? []));
    const inHead = async () => new Map((await select()).map((one) => [one.labels.get('lane'), [...one.values]]));
    // At once, as a rule. With a deletion half done it waits for the engine, but not for long before it opens.
    await expect.poll(async () => offencesIn(await inHead()), { timeout: 30_000 }).toEqual([]);
    await store.flush();
    const rows = await engine.query<{ lane: string; numbers: number[] }>(
      `SELECT labels['lane'] AS lane, groupArray(value) AS numbers FROM nightshift.samples AS s
       JOIN (SELECT DISTINCT id, labels FROM nightshift.series) AS series ON s.id = series.id GROUP BY lane`,
    );
    const inEngine = new Map(rows.map(({ lane, numbers }) => [lane, numbers]));
    const counts = [...lanes.values()];
    const total = counts.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const gone = counts.reduce((sum, lane) => sum + lane.gone, 0);
    console.log(`${total} samples acknowledged, ${gone} deleted in ${ROUNDS} rounds`);
    expect(offencesIn(inEngine)).toEqual([]);
    expect(gone).toBeGreaterThan(300);
    expect(total).toBeGreaterThan(gone);
    expect(existsSync(rejectedDirOf(bench.dir))).toBe(false);
    await close();
  } finally {
    bench.remove();
  }
}, 600_000);
