import type { Evaluation } from '../engine/evaluation.ts';
import { floatsOf } from '../engine/mapSamples.ts';
import { newSeries, type ScalarValue, type StepSeries, timeAt, vectorOf } from '../engine/values.ts';
import { NO_LABELS } from '../labels.ts';
import type { Expr } from '../parser/ast.ts';
import { maxOf, minOf } from './extremes.ts';
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

/** The value of the only float of each step; NaN if there is none or more than one. */
async function scalar(context: CallContext): Promise<ScalarValue> {
  const all = await vectorArg(context, context.call.args[0]!);
  const values = new Float64Array(context.grid.count).fill(Number.NaN);
  const counts = new Uint32Array(values.length);
  for (const series of context.evaluation.each(all)) {
    const { present, values: each } = floatsOf(series);
    for (let step = 0; step < values.length; step++) {
      if (present[step] === 1) values[step] = counts[step]!++ === 0 ? each[step]! : Number.NaN;
    }
  }
  return { kind: 'scalar', values };
}

async function choice(context: CallContext, choose: (a: number, b: number) => number): Promise<ScalarValue> {
  const [left, right] = context.call.args;
  const a = await scalarArg(context, left!);
  const b = await scalarArg(context, right!);
  return scalarFrom(context, (step) => choose(a[step]!, b[step]!));
}

async function vector(context: CallContext) {
  const values = await scalarArg(context, context.call.args[0]!);
  const series = newSeries(NO_LABELS, values.length);
  return vectorOf([{ ...series, values, present: series.present.fill(1) }]);
}

/** Seconds between the steps of the query; 0 if its start is its end. */
function stepOf({ whole, end }: Evaluation): number {
  return whole.start === end ? 0 : whole.step / 1000;
}

export const SCALARS: FunctionTable = [
  ['pi', ofCall(async (context) => scalarFrom(context, () => Math.PI))],
  ['time', ofCall(async (context) => scalarFrom(context, (step) => timeAt(context.grid, step) / 1000))],
  ['start', ofCall(async (context) => scalarFrom(context, () => context.evaluation.whole.start / 1000))],
  ['end', ofCall(async (context) => scalarFrom(context, () => context.evaluation.end / 1000))],
  ['step', ofCall(async (context) => scalarFrom(context, () => stepOf(context.evaluation)))],
  ['range', ofCall(async (context) => scalarFrom(context, () => context.evaluation.durations.range / 1000))],
  ['max_of', ofCall((context) => choice(context, maxOf))],
  ['min_of', ofCall((context) => choice(context, minOf))],
  ['scalar', ofCall(scalar)],
  ['vector', ofCall(vector)],
];
