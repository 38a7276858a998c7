import { compilePattern } from '@nightshift/promql';

export const relabelActions = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

export type RelabelAction = (typeof relabelActions)[number];

/** Which label names are taken: `legacy` letters, digits and underscores only, `utf8` any text. */
export type NameValidation = 'legacy' | 'utf8';

/** One entry of `relabel_configs`, as it is written; what is left out stands for Prometheus' default. */
export interface RelabelRule {
  readonly action?: RelabelAction | '' | undefined;
  readonly sourceLabels?: readonly string[] | undefined;
  readonly separator?: string | undefined;
  readonly regex?: string | undefined;
  /** A whole number of up to 64 bits. */
  readonly modulus?: bigint | undefined;
  readonly targetLabel?: string | undefined;
  readonly replacement?: string | undefined;
}

export const relabelDefaults = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1' } as const;

const legacyName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A name in the legacy character set that may have `$1` and `${name}` in it. */
const legacyTemplate = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/;

/** Whether a label may be called that. */
export function isLabelName(name: string, validation: NameValidation): boolean {
  return validation === 'legacy' ? legacyName.test(name) : name !== '' && !/\p{Cs}/u.test(name);
}

const isNameTemplate = (text: string, validation: NameValidation): boolean =>
  validation === 'utf8' ? isLabelName(text, validation) : legacyTemplate.test(text);

const needTarget: readonly string[] = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'];
const fixedTarget: readonly string[] = ['lowercase', 'uppercase', 'keepequal', 'dropequal'];

/** What is wrong with a rule, in Prometheus' words (model/relabel/relabel.go); '' where it is right. */
export function relabelMistake(rule: RelabelRule, validation: NameValidation): string {
  const { action, targetLabel = '', modulus = 0n, replacement = relabelDefaults.replacement } = rule;
  const invalidTarget = `${quoted(targetLabel)} is invalid 'target_label' for ${action} action`;
  if (!action) return 'relabel action cannot be empty';
  if (modulus === 0n && action === 'hashmod') return 'relabel configuration for hashmod requires non-zero modulus';
  if (needTarget.includes(action) && targetLabel === '') {
    return `relabel configuration for ${action} action requires 'target_label' value`;
  }
  if (action === 'replace') {
    const valid = targetLabel.includes('$')
      ? isNameTemplate(targetLabel, validation)
      : isLabelName(targetLabel, validation);
    if (!valid) return invalidTarget;
  }
  if (fixedTarget.includes(action)) {
    if (!isLabelName(targetLabel, validation)) return invalidTarget;
    if (replacement !== relabelDefaults.replacement) return `'replacement' can not be set for ${action} action`;
  }
  if (action === 'labelmap' && !isNameTemplate(replacement, validation)) {
    return `${quoted(replacement)} is invalid 'replacement' for ${action} action`;
  }
  if (action === 'hashmod' && !isLabelName(targetLabel, validation)) return invalidTarget;
  return surplusMistake(rule) || regexMistake(rule);
}

/** Settings that the action does not look at. */
function surplusMistake({ action, sourceLabels, targetLabel, regex, modulus = 0n, ...rest }: RelabelRule): string {
  const { separator = relabelDefaults.separator, replacement = relabelDefaults.replacement } = rest;
  const others =
    modulus !== 0n || separator !== relabelDefaults.separator || replacement !== relabelDefaults.replacement;
  if ((action === 'dropequal' || action === 'keepequal') && (others || regex !== undefined)) {
    return `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`;
  }
  if ((action === 'labeldrop' || action === 'labelkeep') && (others || sourceLabels !== undefined || targetLabel)) {
    return `${action} action requires only 'regex', and no other fields`;
  }
  return '';
}

function regexMistake({ regex }: RelabelRule): string {
  if (regex === undefined) return '';
  try {
    compilePattern(regex);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const quoted = (text: string): string => JSON.stringify(text);
