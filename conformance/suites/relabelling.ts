import { compileRelabelling } from '../../packages/server/src/collect/relabel/relabel.ts';
import {
  type NameValidation,
  type RelabelRule,
  relabelMistake,
} from '../../packages/server/src/collect/relabel/rule.ts';
import type { Suite } from '../suite.ts';
import { CURATED, checkEach, readTable } from './go-tables.ts';

type Pairs = Readonly<Record<string, string>>;

interface WrittenRule {
  readonly action?: RelabelRule['action'];
  readonly source_labels?: string[];
  readonly separator?: string;
  readonly regex?: string;
  readonly modulus?: number;
  readonly target_label?: string;
  readonly replacement?: string;
}

interface RelabelCase {
  readonly input: Pairs;
  readonly relabel_configs: readonly WrittenRule[];
  readonly output: Pairs | null;
  readonly drop: boolean;
}

/** A rule by the names of its fields in Go; a field that is left out has no value, not its default. */
interface RuleCase {
  readonly config: {
    readonly NameValidationScheme: NameValidation;
    readonly Action: RelabelRule['action'];
    readonly SourceLabels?: string[];
    readonly Regex?: string;
    readonly TargetLabel?: string;
    readonly Replacement?: string;
  };
  /** Part of the message; absent for a rule that is right. */
  readonly expected?: string;
}

const ruleOf = (rule: WrittenRule): RelabelRule => ({
  action: rule.action ?? 'replace',
  sourceLabels: rule.source_labels,
  separator: rule.separator,
  regex: rule.regex,
  modulus: rule.modulus === undefined ? undefined : BigInt(rule.modulus),
  targetLabel: rule.target_label,
  replacement: rule.replacement,
});

const textOf = (labels: Iterable<readonly [string, string]>): string => JSON.stringify([...labels].sort());

async function relabelled({ input, relabel_configs, output, drop }: RelabelCase): Promise<string | undefined> {
  const rules = relabel_configs.map(ruleOf);
  const mistakes = rules.map((rule) => relabelMistake(rule, 'utf8')).filter((mistake) => mistake !== '');
  if (mistakes.length > 0) return `refused: ${mistakes.join(', ')}`;
  const labels = new Map(Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1)));
  const result = compileRelabelling(rules).apply(labels);
  const got = result ? textOf(result) : 'dropped';
  const expected = drop ? 'dropped' : textOf(Object.entries(output ?? {}));
  return got === expected ? undefined : `got ${got}, expected ${expected}`;
}

async function judged({ config, expected = '' }: RuleCase): Promise<string | undefined> {
  const rule: RelabelRule = {
    action: config.Action,
    sourceLabels: config.SourceLabels,
    regex: config.Regex,
    targetLabel: config.TargetLabel,
    replacement: config.Replacement,
  };
  const mistake = relabelMistake(rule, config.NameValidationScheme);
  const isAsExpected = expected === '' ? mistake === '' : mistake.includes(expected);
  return isAsExpected ? undefined : `got ${JSON.stringify(mistake)}, expected ${JSON.stringify(expected)}`;
}

const rulesText = ({ relabel_configs }: RelabelCase) =>
  relabel_configs.map(({ action = 'replace', regex = '' }) => `${action} ${regex}`.trim()).join(', ');

export const relabelling: Suite = {
  name: 'relabelling',
  about: "labels before and after the rules of Prometheus' own cases, and rules that are refused, with the reason",
  folder: CURATED,
  async run() {
    const labels = 'relabel_cases.json';
    const rules = 'relabel_validate.json';
    return [
      { file: labels, cases: await checkEach(readTable<RelabelCase[]>(labels), rulesText, relabelled) },
      {
        file: rules,
        cases: await checkEach(readTable<RuleCase[]>(rules), ({ config }) => JSON.stringify(config), judged),
      },
    ];
  },
};
