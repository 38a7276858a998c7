// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is what Go's templates look like
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileRelabelling } from './relabel.ts';
import { type NameValidation, type RelabelRule, relabelMistake } from './rule.ts';

const labels = (pairs: Record<string, string>) => new Map(Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1)));

const relabelled = (pairs: Record<string, string>, ...rules: RelabelRule[]) => {
  const result = compileRelabelling(rules).apply(labels(pairs));
  return result && Object.fromEntries(result);
};

describe('relabelling', () => {
  it('gives labels back as they are where no rule changes them', () => {
    const given = labels({ a: '1', b: '2' });
    const rules: RelabelRule[] = [
      { action: 'labeldrop', regex: 'x.*' },
      { sourceLabels: ['a'], targetLabel: 'a' },
      { sourceLabels: ['a'], regex: 'nothing', targetLabel: 'c' },
    ];
    expect(compileRelabelling(rules).apply(given)).toBe(given);
  });

  it('keeps labels in order of name', () => {
    const result = compileRelabelling([{ targetLabel: 'b', replacement: 'x' }]).apply(labels({ a: '1', c: '3' }));
    expect([...(result ?? [])]).toEqual([
      ['a', '1'],
      ['b', 'x'],
      ['c', '3'],
    ]);
  });

  it.each([
    ['$1-${1}-$1x-${1}x', 'web-web--webx'],
    ['$$1 $ ${ ${} $', '$1 $ ${ ${} $'],
    ['${name}$name', 'webweb'],
    ['$01$9${toString}', ''],
  ])('expands %s as Go does', (replacement, expected) => {
    const rule = { sourceLabels: ['a'], regex: '(?P<name>.*)', targetLabel: 'b', replacement };
    expect(relabelled({ a: 'web' }, rule)?.b ?? '').toBe(expected);
  });

  it('puts the groups of a pattern into the name of the target, and leaves out names that are none', () => {
    const rule = (regex: string): RelabelRule => ({
      sourceLabels: ['a'],
      regex,
      targetLabel: '${1}',
      replacement: 'x',
    });
    expect(relabelled({ a: 'web' }, rule('(w).*'))).toEqual({ a: 'web', w: 'x' });
    expect(relabelled({ a: 'web' }, rule('(q?).*'))).toEqual({ a: 'web' });
  });

  it('hashes a series to the same shard as Prometheus', () => {
    const rule: RelabelRule = { action: 'hashmod', sourceLabels: ['c'], targetLabel: 'd', modulus: 1000n };
    expect(relabelled({ c: 'baz' }, rule)).toEqual({ c: 'baz', d: '976' });
  });

  it.each([
    ['lowercase', 'ÀB-İ', 'àb-i'],
    ['uppercase', 'straße ǆ', 'STRAßE Ǆ'],
  ] as const)('%s changes letter by letter', (action, text, expected) => {
    expect(relabelled({ a: text }, { action, sourceLabels: ['a'], targetLabel: 'b' })?.b).toBe(expected);
  });
});

describe('a rule', () => {
  it.each<[RelabelRule, string]>([
    [{ action: 'hashmod', targetLabel: 'a' }, 'relabel configuration for hashmod requires non-zero modulus'],
    [{ action: 'replace', targetLabel: '' }, "relabel configuration for replace action requires 'target_label' value"],
    [{ action: 'keepequal', targetLabel: 'a', regex: '(.*)' }, "requires only 'source_labels' and `target_label`"],
    [{ action: 'labeldrop', sourceLabels: ['a'] }, "labeldrop action requires only 'regex', and no other fields"],
    [{ action: 'uppercase', targetLabel: 'a', replacement: 'x' }, "'replacement' can not be set for uppercase action"],
    [{ action: 'keep', regex: '(' }, 'error parsing regexp: missing closing ): `(`'],
  ])('%j is refused with its reason', (rule, mistake) => {
    expect(relabelMistake(rule, 'utf8')).toContain(mistake);
  });
});

const curated = '../shared/conformance/prometheus/curated';
const present = existsSync(`${curated}/relabel_cases.json`);
const read = <T>(name: string): T[] => (present ? JSON.parse(readFileSync(`${curated}/${name}.json`, 'utf8')) : []);

interface Written {
  readonly action?: RelabelRule['action'];
  readonly source_labels?: string[];
  readonly separator?: string;
  readonly regex?: string;
  readonly modulus?: number;
  readonly target_label?: string;
  readonly replacement?: string;
}

const ruleOf = (rule: Written): RelabelRule => ({
  action: rule.action ?? 'replace',
  sourceLabels: rule.source_labels,
  separator: rule.separator,
  regex: rule.regex,
  modulus: rule.modulus === undefined ? undefined : BigInt(rule.modulus),
  targetLabel: rule.target_label,
  replacement: rule.replacement,
});

describe.skipIf(!present)("Prometheus' own cases of relabelling (skipped where ../shared is missing)", () => {
  interface Case {
    readonly input: Record<string, string>;
    readonly relabel_configs: Written[];
    readonly output: Record<string, string> | null;
    readonly drop: boolean;
  }
  const cases = read<Case>('relabel_cases');

  it('are there', () => expect(cases.length).toBeGreaterThan(30));

  it.each(cases.map((each, i) => [i, each] as const))('case %i', (_i, { input, relabel_configs, output, drop }) => {
    const rules = relabel_configs.map(ruleOf);
    expect(rules.map((rule) => relabelMistake(rule, 'utf8'))).toEqual(rules.map(() => ''));
    expect(relabelled(input, ...rules)).toEqual(drop ? undefined : output);
  });
});

describe.skipIf(!present)("Prometheus' own cases of rules (skipped where ../shared is missing)", () => {
  type Config = Record<string, string> & { NameValidationScheme: NameValidation; SourceLabels?: unknown };
  const cases = read<{ config: Config; expected?: string }>('relabel_validate');

  it('are there', () => expect(cases.length).toBe(10));

  it.each(cases)('$config: $expected', ({ config, expected = '' }) => {
    const rule = {
      action: config.Action as RelabelRule['action'],
      sourceLabels: config.SourceLabels as string[] | undefined,
      regex: config.Regex,
      targetLabel: config.TargetLabel,
      replacement: config.Replacement,
    };
    const mistake = relabelMistake(rule, config.NameValidationScheme);
    if (expected === '') expect(mistake).toBe('');
    else expect(mistake).toContain(expected);
  });
});
