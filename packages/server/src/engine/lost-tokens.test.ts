import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forgetLostTokens, lostTokens } from './lost-tokens.ts';

let dir: string;
let table: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-tokens-'));
  table = join(dir, 'store/abc/abc-table');
  mkdirSync(join(table, 'deduplication_logs'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const logOf = (number: number) => join(table, `deduplication_logs/deduplication_log_${number}.txt`);
const write = (number: number, ...lines: readonly string[]) =>
  writeFileSync(logOf(number), lines.map((line) => `${line.replaceAll(' ', '\t')}\n`).join(''));
const withPart = (name: string) => mkdirSync(join(table, name));
const lost = async () => [...(await lostTokens(dir)).values()].flatMap((lines) => [...lines]);

it('finds a token whose part is not there, and forgets it alone', async () => {
  withPart('20260601_1_1_0');
  write(1, '1 20260601_1_1_0 here', '1 20260601_2_2_0 gone');
  expect(await lost()).toEqual(['1\t20260601_2_2_0\tgone']);
  expect(await forgetLostTokens(dir)).toBe(1);
  expect(readFileSync(logOf(1), 'utf8')).toBe('1\t20260601_1_1_0\there\n');
  expect(await lost()).toEqual([]);
});

it('takes a part that was merged or mutated for there', async () => {
  withPart('20260601_1_5_2_9');
  write(1, '1 20260601_1_1_0 first', '1 20260601_5_5_0 last', '1 20260601_6_6_0 behind', '1 20260602_3_3_0 otherday');
  expect(await lost()).toEqual(['1\t20260601_6_6_0\tbehind', '1\t20260602_3_3_0\totherday']);
});

it('goes by the last word on a token, over all files in their order', async () => {
  write(2, '1 20260601_1_1_0 once', '2 20260601_1_1_0 once');
  write(10, '1 20260601_4_4_0 again');
  write(9, '1 20260601_3_3_0 again', '2 20260601_3_3_0 again');
  expect(await lost()).toEqual(['1\t20260601_4_4_0\tagain']);
});

it('leaves older tokens alone, whose rows may have expired', async () => {
  write(1, ...Array.from({ length: 20 }, (_, i) => `1 20260601_${i}_${i}_0 token${i}`));
  expect((await lost()).map((line) => line.split('\t')[2])).toEqual(
    Array.from({ length: 8 }, (_, i) => `token${12 + i}`),
  );
});
