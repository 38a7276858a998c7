import { PromqlExecutionError } from '../engine/errors.ts';
import { atReferences, load } from '../engine/selector.ts';
import { isEmpty, type StepSeries, vectorOf } from '../engine/values.ts';
import { formatLabels, METRIC_NAME } from '../labels.ts';
import { compileMatchers } from '../matchers/compile.ts';
import { stripParens } from '../parser/ast.ts';
import type { Matcher, SeriesData } from '../source.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { IDENTIFYING_LABELS, InfoLabels } from './infoLabels.ts';
import { infoReferences } from './infoReferences.ts';
import { vectorArg } from './scalars.ts';

/**
 * `info`: adds to each series the labels of the info metrics, `target_info` unless told, that have its `instance` and `job`
 * (promql/info.go). They are looked up at the time that the first selector of the argument looks at.
 */
async function info(context: CallContext) {
  const { call, grid, evaluation } = context;
  const all = await vectorArg(context, call.args[0]!);
  const selector = call.args[1] && stripParens(call.args[1]);
  const matchers = selector?.kind === 'VectorSelector' ? selector.matchers : [];
  const names = infoNames(matchers.filter(({ name }) => name === METRIC_NAME));
  const wanted = matchers.filter(({ name }) => name !== METRIC_NAME);
  const isInfo = compileMatchers(names);
  const enriched = all.filter(({ labels }) => !isInfo(labels));
  const references = infoReferences(call.args[0]!, grid, evaluation);
  const identified = identifiers(enriched);
  const infos =
    identified.length === 0 ? [] : await infoSeries([...identified, ...wanted, ...names], references, context);
  const labels = new InfoLabels(infos, wanted, stepsOf(all, grid.count));
  return vectorOf(
    all.flatMap((series) => {
      evaluation.checkAborted();
      return isInfo(series.labels) ? [series] : labels.enrich(series);
    }),
  );
}

/** Which metrics to take labels from: those of the matchers; if these only exclude, any `…_info` but them. */
function infoNames(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.length === 0) return [{ name: METRIC_NAME, op: '=', value: 'target_info' }];
  if (matchers.some(({ op }) => op === '=' || op === '=~')) return matchers;
  return [{ name: METRIC_NAME, op: '=~', value: '.+_info' }, ...matchers];
}

/** Matchers for all values that the series have in the identifying labels; none if they have none. */
function identifiers(all: readonly StepSeries[]): Matcher[] {
  return IDENTIFYING_LABELS.flatMap((name): Matcher[] => {
    const values = new Set(all.map(({ labels }) => labels.get(name) ?? ''));
    values.delete('');
    const [first, ...more] = values;
    if (first === undefined) return [];
    if (more.length === 0) return [{ name, op: '=', value: first }];
    return [{ name, op: '=~', value: [...values].map(escapePattern).join('|') }];
  });
}

/** RE2's QuoteMeta. */
function escapePattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** The info series, with the times of their samples (seconds) for values. */
async function infoSeries(
  matchers: readonly Matcher[],
  references: Float64Array,
  { evaluation, grid }: CallContext,
): Promise<StepSeries[]> {
  const { lookbackMs } = evaluation.settings;
  const start = references[0]! - lookbackMs + 1;
  const hints = { step: grid.count === 1 ? 0 : grid.step, func: 'info', range: 0, grouping: [], by: false };
  const found = await load({ matchers, start, end: references.at(-1)!, ...hints }, evaluation);
  const series = found.map((each) => timesOf(each, references, lookbackMs)).filter((each) => !isEmpty(each));
  evaluation.samples.selected(series);
  return series;
}

/** @throws PromqlExecutionError for an info series of histograms */
function timesOf(series: SeriesData, references: Float64Array, lookback: number): StepSeries {
  if (series.histograms) {
    const { histograms } = atReferences(series.labels, series, references, lookback, 'value');
    if (histograms?.some((each) => each !== undefined)) {
      const labels = formatLabels(series.labels);
      throw new PromqlExecutionError(`this should be an info metric, with float samples: ${labels}`);
    }
  }
  return atReferences(series.labels, series, references, lookback, 'time');
}

/** The steps at which any of the series has a sample. */
function stepsOf(all: readonly StepSeries[], count: number): Uint8Array {
  const steps = new Uint8Array(count);
  for (const { present } of all)
    present.forEach((there, step) => {
      if (there === 1) steps[step] = 1;
    });
  return steps;
}

export const INFO: FunctionTable = [['info', ofCall(info)]];
