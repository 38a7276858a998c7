import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRuleFile, RuleFileError } from './rule-file.ts';

const offencesOf = (text: string): readonly string[] => {
  try {
    parseRuleFile(text, 'rules.yml', 15_000);
    return [];
  } catch (error) {
    if (error instanceof RuleFileError) return error.offences;
    throw error;
  }
};

const good = `
groups:
  - name: api
    interval: 30s
    rules:
      - record: job:requests:rate5m
        expr: sum by (job) (rate(http_requests_total[5m]))
      - alert: HighErrorRatio
        expr: job:requests:rate5m > 10
        for: 5m
        labels: { severity: page }
        annotations: { summary: "{{ $labels.job }} is at {{ $value }}" }
`;

describe('a rule file', () => {
  it('gives its groups with durations in milliseconds', () => {
    const [group] = parseRuleFile(good, 'rules.yml', 15_000);
    expect(group).toMatchObject({ name: 'api', intervalMs: 30_000, file: 'rules.yml' });
    expect(group?.rules.map(({ kind, name }) => [kind, name])).toEqual([
      ['recording', 'job:requests:rate5m'],
      ['alerting', 'HighErrorRatio'],
    ]);
    expect(group?.rules[1]).toMatchObject({ forMs: 300_000, labels: { severity: 'page' } });
  });

  it.each([
    ['an unknown key', good.replace('for: 5m', 'fro: 5m'), /rules\.yml:\d+: .*fro/],
    ['a bad duration', good.replace('for: 5m', 'for: 5 minutes'), /rules\.yml:10: .*"5 minutes" is not a duration/],
    [
      'an expression that does not parse',
      good.replace('> 10', '> >'),
      /rules\.yml:9: could not parse the expression: 1:/,
    ],
    [
      'both alert and record',
      good.replace('- alert:', '- record: x\n        alert:'),
      /exactly one of `alert` and `record`/,
    ],
    ['a group name twice', `${good}  - name: api\n    rules: []\n`, /group name "api" is repeated/],
    ['an alias without its anchor', 'groups: *x', /rules\.yml: .*alias/],
    ['broken YAML', 'groups: [', /rules\.yml:1: /],
    ['a key twice', 'groups: []\ngroups: []\n', /rules\.yml:2: .*unique/i],
  ])('is refused for %s, with the line', (_what, text, message) => {
    expect(offencesOf(text).join('\n')).toMatch(message);
  });

  it('tells all its mistakes at once', () => {
    expect(offencesOf(good.replace('> 10', '> >').replace('sum by (job)', 'summ by (job)'))).toHaveLength(2);
  });

  it('is read or refused, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => void offencesOf(text)),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => void offencesOf(JSON.stringify({ groups: value }))),
      { numRuns: 300 },
    );
  });
});

const collected = '../shared/conformance/rules';

function ruleFiles(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return ruleFiles(path);
    return /\.ya?ml$/.test(entry.name) ? [path] : [];
  });
}

describe.skipIf(ruleFiles(collected).length === 0)('rule files of other projects', () => {
  it.each(
    ruleFiles(collected).filter((file) => /^groups:/m.test(readFileSync(file, 'utf8'))),
  )('%s loads unchanged', (file) => {
    expect(offencesOf(readFileSync(file, 'utf8'))).toEqual([]);
  });
});
