import { createHash } from 'node:crypto';
import { compilePattern, type PatternMatch } from '@nightshift/promql';
import type { Labels } from '@nightshift/wire';
import { LabelBuilder } from './label-builder.ts';
import { lowercase, uppercase } from './letter-case.ts';
import { isLabelName, type NameValidation, type RelabelAction, type RelabelRule, relabelDefaults } from './rule.ts';
import { compileTemplate } from './template.ts';

/** Applies rules in order. Labels that do not change are given back as they are; undefined where a rule drops them. */
export interface Relabelling {
  readonly size: number;
  apply(labels: Labels): Labels | undefined;
  /** As `apply`, on a builder in the middle of its work; false where a rule drops it. */
  change(builder: LabelBuilder): boolean;
}

type Step = (builder: LabelBuilder) => boolean;

/** A rule with everything that is left out filled in. */
interface FullRule {
  readonly rule: RelabelRule;
  readonly source: (builder: LabelBuilder) => string;
  readonly target: string;
  readonly replacement: string;
  readonly validation: NameValidation;
}

interface Matching {
  test(text: string): boolean;
  exec(text: string): PatternMatch | undefined;
}

/** The pattern that nearly every rule has needs no engine. */
const everything: Matching = { test: () => true, exec: (text) => ({ groups: [text, text], named: {} }) };

const matchingOf = ({ regex = relabelDefaults.regex }: RelabelRule): Matching =>
  regex === relabelDefaults.regex ? everything : compilePattern(regex);

function sourceOf({ sourceLabels = [], separator = relabelDefaults.separator }: RelabelRule): FullRule['source'] {
  const [only] = sourceLabels;
  if (only === undefined) return () => '';
  if (sourceLabels.length === 1) return (builder) => builder.get(only);
  return (builder) => sourceLabels.map((name) => builder.get(name)).join(separator);
}

function keep({ rule, source }: FullRule, wanted: boolean): Step {
  const { test } = matchingOf(rule);
  return (builder) => test(source(builder)) === wanted;
}

function replace({ rule, source, target, replacement, validation }: FullRule): Step {
  const matching = matchingOf(rule);
  const name = compileTemplate(target);
  const value = compileTemplate(replacement);
  return (builder) => {
    const match = matching.exec(source(builder));
    if (!match) return true;
    const into = name.expand(match);
    if (isLabelName(into, validation)) builder.set(into, value.expand(match));
    return true;
  };
}

/** The last eight bytes of the MD5 sum as one number, as Prometheus takes them. */
function hashmod({ rule, source, target }: FullRule): Step {
  const modulus = rule.modulus || 1n;
  return (builder) => {
    const hash = createHash('md5').update(source(builder)).digest().readBigUInt64BE(8);
    builder.set(target, String(hash % modulus));
    return true;
  };
}

function labelmap({ rule, replacement }: FullRule): Step {
  const matching = matchingOf(rule);
  const into = compileTemplate(replacement);
  return (builder) => {
    const found: [string, string][] = [];
    for (const name of builder.names()) {
      const match = matching.test(name) ? matching.exec(name) : undefined;
      if (match) found.push([into.expand(match), builder.get(name)]);
    }
    for (const [name, value] of found) builder.set(name, value);
    return true;
  };
}

function labeldrop({ rule }: FullRule, matched: boolean): Step {
  const { test } = matchingOf(rule);
  return (builder) => {
    for (const name of builder.names()) if (test(name) === matched) builder.set(name, '');
    return true;
  };
}

function changeCase({ source, target }: FullRule, change: (text: string) => string): Step {
  return (builder) => {
    builder.set(target, change(source(builder)));
    return true;
  };
}

const steps: Record<RelabelAction, (full: FullRule) => Step> = {
  replace,
  keep: (full) => keep(full, true),
  drop: (full) => keep(full, false),
  keepequal:
    ({ source, target }) =>
    (builder) =>
      builder.get(target) === source(builder),
  dropequal:
    ({ source, target }) =>
    (builder) =>
      builder.get(target) !== source(builder),
  hashmod,
  labelmap,
  labeldrop: (full) => labeldrop(full, true),
  labelkeep: (full) => labeldrop(full, false),
  lowercase: (full) => changeCase(full, lowercase),
  uppercase: (full) => changeCase(full, uppercase),
};

/** Compiles rules that `relabelMistake` found right. @throws RegexpSyntaxError */
export function compileRelabelling(rules: readonly RelabelRule[], validation: NameValidation = 'utf8'): Relabelling {
  const compiled = rules.map((rule) =>
    steps[rule.action || relabelDefaults.action]({
      rule,
      source: sourceOf(rule),
      target: rule.targetLabel ?? '',
      replacement: rule.replacement ?? relabelDefaults.replacement,
      validation,
    }),
  );
  const shared = new LabelBuilder();
  const change = (builder: LabelBuilder): boolean => {
    for (const step of compiled) if (!step(builder)) return false;
    return true;
  };
  return {
    size: compiled.length,
    change,
    apply: (labels) => (compiled.length === 0 ? labels : change(shared.reset(labels)) ? shared.labels() : undefined),
  };
}
