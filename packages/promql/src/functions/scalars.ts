import { newSeries, type ScalarValue, type StepSeries, timeAt, vectorOf } from '../engine/values.ts';
import { NO_LABELS } from '../labels.ts';
import type { Expr } from '../parser/ast.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';

/** An argument that the type check has proved to be a scalar. */
export async function scalarArg(context: CallContext, expr: Expr): Promise<Float64Array> {
  return ((await context.evaluate(expr)) as ScalarValue).values;
}

/** An argument that the type check has proved to be an instant vector. */
export async function vectorArg(context: CallContext, expr: Expr): Promise<readonly StepSeries[]> {
  const value = await context.evaluate(expr);
  return value.kind === 'vector' ? value.series : [];
}

function scalarFrom(context: CallContext, valueAt: (step: number) => number): ScalarValue {
  return { kind: 'scalar', values: Float64Array.from({ length: context.grid.count }, (_, step) => valueAt(step)) };
}

/** The value of the only sample of each step; NaN if there is none or more than one. */
async function scalar(context: CallContext): Promise<ScalarValue> {
  const all = await vectorArg(context, context.call.args[0]!);
  return scalarFrom(context, (step) => {
    const here = all.filter((series) => series.present[step] === 1);
    return here.length === 1 ? here[0]!.values[step]! : Number.NaN;
  });
}

async function vector(context: CallContext) {
  const values = await scalarArg(context, context.call.args[0]!);
  const series = newSeries(NO_LABELS, values.length);
  return vectorOf([{ ...series, values, present: series.present.fill(1) }]);
}

export const SCALARS: FunctionTable = [
  ['pi', ofCall(async (context) => scalarFrom(context, () => Math.PI))],
  ['time', ofCall(async (context) => scalarFrom(context, (step) => timeAt(context.grid, step) / 1000))],
  ['start', ofCall(async (context) => scalarFrom(context, () => context.evaluation.whole.start / 1000))],
  ['end', ofCall(async (context) => scalarFrom(context, () => context.evaluation.end / 1000))],
  ['step', ofCall(async (context) => scalarFrom(context, () => context.evaluation.durations.step / 1000))],
  ['range', ofCall(async (context) => scalarFrom(context, () => context.evaluation.durations.range / 1000))],
  ['scalar', ofCall(scalar)],
  ['vector', ofCall(vector)],
];
