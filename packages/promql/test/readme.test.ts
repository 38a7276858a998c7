import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(import.meta.dirname, '.readme-'));
afterAll(() => rmSync(folder, { recursive: true }));

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const examples = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), ([, code]) => code!);

it('the README has examples', () => {
  expect(examples.length).toBeGreaterThan(1);
});

it.each(
  examples.map((code, i) => [i + 1, code] as const),
)('example %i of the README answers what it says', async (number, code) => {
  const file = join(folder, `example${number}.ts`);
  writeFileSync(file, code.replace("'@nightshift/promql'", "'../../src/index.ts'"));
  const { default: answer } = (await import(file)) as { default: unknown };
  const claim = /^export default .*; \/\/ (.*)$/m.exec(code)![1]!;
  expect(answer).toEqual(new Function(`return (${claim});`)());
});
