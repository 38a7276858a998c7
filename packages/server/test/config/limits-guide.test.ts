import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { loadRuleFiles } from '../../src/watch/rule-files.ts';

const guide = readFileSync('docs/guides/limits.md', 'utf8');
const [configuration = '', rules = ''] = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text);
const dir = mkdtempSync(join(tmpdir(), 'nightshift-guide-'));
afterAll(() => rmSync(dir, { recursive: true }));

const fileOf = (name: string, text: string): string => {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
};

describe('the guide on limits', () => {
  it('shows a configuration that can be loaded', () => {
    const { ingest } = loadConfig({ file: fileOf('nightshift.yaml', configuration), env: {}, cwd: dir }).config;
    expect(ingest.tokens['batch jobs']).toEqual({ burst: 500_000, maxConcurrent: 2 });
  });

  it('shows rules that can be loaded', () => {
    const groups = loadRuleFiles([fileOf('rules.yaml', rules)], 15_000);
    expect(groups.flatMap((group) => group.rules)).toHaveLength(rules.match(/- alert:/g)?.length ?? Number.NaN);
  });
});
