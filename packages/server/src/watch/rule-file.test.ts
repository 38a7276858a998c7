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
    [
      'an unknown key',
      good.replace('for: 5m', 'fro: 5m'),
      /rules\.yml:10: group "api", rule 2 "HighErrorRatio": there is no key `fro`; did you mean `for`\?/,
    ],
    ['a bad duration', good.replace('for: 5m', 'for: 5 minutes'), /rules\.yml:10: .*"5 minutes" is not a duration/],
    [
      'an expression that does not parse',
      good.replace('> 10', '> >'),
      /rules\.yml:9: .*could not parse the expression: 1:/,
    ],
    [
      'both alert and record',
      good.replace('- alert:', '- record: x\n        alert:'),
      /exactly one of `alert` and `record`/,
    ],
    ['a group name twice', `${good}  - name: api\n    rules: []\n`, /group name "api" is repeated/],
    ['an alias without its anchor', 'groups: *x', /rules\.yml:1: .*alias/],
    ['a limit in words', good.replace('interval: 30s', 'limit: few'), /rules\.yml:4: group "api": `limit`: "few"/],
    ['rules that are no list', 'groups: [{name: a, rules: {record: x}}]', /rules\.yml:1: .*`rules` must be a list/],
    ['labels that are a list', good.replace('{ severity: page }', '[page]'), /rules\.yml:11: .*`labels` must be a map/],
    ['an unclosed template', good.replace('$value }}', '$value'), /rules\.yml:12: .*`annotations\.summary`: unclosed/],
    ['a feature that is off', good.replace('> 10', '> mad_over_time(x[5m])'), /rules\.yml:9: .*mad_over_time/],
    ['broken YAML', 'groups: [', /rules\.yml:1: /],
    ['a key twice', 'groups: []\ngroups: []\n', /rules\.yml:2: .*unique/i],
  ])('is refused for %s, with the line', (_what, text, message) => {
    expect(offencesOf(text).join('\n')).toMatch(message);
  });

  it('tells all its mistakes at once', () => {
    const bad = good
      .replace('> 10', '> >')
      .replace('sum by (job)', 'summ by (job)')
      .replace('for: 5m', 'for: soon')
      .replace('severity: page', '__name__: x')
      .replace('interval: 30s', 'intervall: 30s');
    expect(offencesOf(bad).map((offence) => offence.split(': ').slice(0, 2).join(': '))).toEqual([
      'rules.yml:4: group "api"',
      'rules.yml:7: group "api", rule 1 "job:requests:rate5m"',
      'rules.yml:9: group "api", rule 2 "HighErrorRatio"',
      'rules.yml:10: group "api", rule 2 "HighErrorRatio"',
      'rules.yml:11: group "api", rule 2 "HighErrorRatio"',
    ]);
  });

  it('reads scalars as they are written, and merge keys', () => {
    const text = `
groups:
  - name: a
    limit: 3
    query_offset: 30s
    labels: { team: x, zone: 1.0 }
    rules:
      - &first
        alert: A
        expr: 1e3
        for: 0
        labels: { enabled: true, zone: b }
      - <<: *first
        alert: B
`;
    const [group] = parseRuleFile(text, 'rules.yml', 15_000);
    expect(group).toMatchObject({ limit: 3, queryOffsetMs: 30_000, intervalMs: 15_000 });
    expect(group?.rules).toMatchObject([
      { name: 'A', query: '1e3', forMs: 0, labels: { team: 'x', zone: 'b', enabled: 'true' } },
      { name: 'B', query: '1e3' },
    ]);
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
