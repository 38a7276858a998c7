import { PromqlExecutionError } from '../engine/errors.ts';
import { mergeSameLabels, type StepSeries, vectorOf } from '../engine/values.ts';
import { METRIC_NAME, withLabel } from '../labels.ts';
import { compilePattern, type Pattern, type PatternMatch } from '../matchers/pattern.ts';
import { type Expr, stripParens } from '../parser/ast.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { vectorArg } from './scalars.ts';

export function textArg(expr: Expr): string {
  const literal = stripParens(expr);
  return literal.kind === 'StringLiteral' ? literal.value : '';
}

function withDestination(series: StepSeries, name: string, value: string): StepSeries {
  const dropName = name === METRIC_NAME ? false : series.dropName;
  return { ...series, dropName, labels: withLabel(series.labels, name, value) };
}

async function labelReplace(context: CallContext) {
  const [vector, ...texts] = context.call.args;
  const [destination, replacement, source, pattern] = texts.map(textArg) as [string, string, string, string];
  const regexp = compile(pattern);
  checkName(destination, 'destination', 'label_replace');
  const all = await vectorArg(context, vector!);
  const replaced = Array.from(context.evaluation.each(all), (series) => {
    const match = regexp.exec(series.labels.get(source) ?? '');
    return match ? withDestination(series, destination, expand(replacement, match)) : series;
  });
  return vectorOf(mergeSameLabels(replaced, context.evaluation));
}

/** Any text is a label name (UTF-8 names), except none and one that was not UTF-8. */
function checkName(name: string, role: string, func: string): void {
  if (name !== '' && !name.includes('\ufffd')) return;
  throw new PromqlExecutionError(`invalid ${role} label name in ${func}(): ${name}`);
}

function compile(pattern: string): Pattern {
  try {
    return compilePattern(pattern);
  } catch {
    throw new PromqlExecutionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

/** Go's Regexp.Expand: `$1`, `${1}`, `$name`, `$$`; an unknown group is empty. */
export function expand(template: string, match: PatternMatch): string {
  return template.replace(/\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu, (_, dollar, bare, braced) => {
    if (dollar) return '$';
    const group: string = bare ?? braced;
    return (/^(?:0|[1-9]\d*)$/.test(group) ? match.groups[Number(group)] : match.named[group]) ?? '';
  });
}

async function labelJoin(context: CallContext) {
  const [vector, ...texts] = context.call.args;
  const [destination, separator, ...sources] = texts.map(textArg) as [string, string, ...string[]];
  for (const source of sources) checkName(source, 'source', 'label_join');
  checkName(destination, 'destination', 'label_join');
  const all = await vectorArg(context, vector!);
  const joined = Array.from(context.evaluation.each(all), (series) =>
    withDestination(series, destination, sources.map((source) => series.labels.get(source) ?? '').join(separator)),
  );
  return vectorOf(mergeSameLabels(joined, context.evaluation));
}

export const LABEL_FUNCTIONS: FunctionTable = [
  ['label_replace', ofCall(labelReplace)],
  ['label_join', ofCall(labelJoin)],
];
