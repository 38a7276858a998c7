import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(import.meta.dirname, '.readme-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('the example of the README runs and answers what it says', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)![1]!;
  const file = join(folder, 'example.ts');
  writeFileSync(file, example.replace("'@nightshift/promql'", "'../../src/index.ts'"));
  const { default: answer } = (await import(file)) as { default: unknown };
  expect(answer).toEqual({ resultType: 'vector', result: [{ metric: {}, value: [60, '3'] }] });
});
