// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is what Go's templates look like
import { describe, expect, it } from 'vitest';
import { compileRelabelling } from './relabel.ts';
import { type RelabelRule, relabelMistake } from './rule.ts';

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
