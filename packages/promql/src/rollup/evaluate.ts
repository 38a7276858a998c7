import type { Evaluation } from '../engine/evaluation.ts';
import { newSeries, type StepSeries } from '../engine/values.ts';
import { floatWindows } from '../engine/window.ts';
import { compareLabels } from '../labels.ts';
import type { VectorSelector } from '../parser/ast.ts';
import type { RollupReader } from '../source.ts';
import type { RollupFunction } from './functions.ts';

/** Reads the roll-ups of a selector; undefined where its samples are to be read. */
export function rollupsFor(selector: VectorSelector, evaluation: Evaluation): RollupReader | undefined {
  const planned = evaluation.plan.get(selector);
  if (!planned?.rollup || evaluation.preloaded.has(selector)) return undefined;
  return evaluation.settings.source.rollups?.({ ...planned, rollup: planned.rollup });
}

/** Windows that end at the references, which ascend; `range` in milliseconds. */
export interface RollupWindows {
  readonly references: Float64Array;
  readonly range: number;
  /** Whether each roll-up of a window counts as a sample that the query looked at. */
  readonly counted: boolean;
}

/** The function over the windows of every series; undefined where roll-ups do not tell the result of one of them. */
export async function overRollups(
  read: RollupReader,
  { fill }: RollupFunction,
  { references, range, counted }: RollupWindows,
  evaluation: Evaluation,
): Promise<StepSeries[] | undefined> {
  evaluation.checkAborted();
  const found = await read(evaluation.budget(), evaluation.signal);
  if (!found) return undefined;
  const all = evaluation.settings.source.sorted ? found : [...found].sort((a, b) => compareLabels(a.labels, b.labels));
  const windows = floatWindows(references, range, evaluation);
  const results: StepSeries[] = [];
  for (const { labels, rollups } of all) {
    const pause = evaluation.pause();
    if (pause) await pause;
    const rows = { timestamps: rollups.ends, values: rollups.ends };
    if (counted) windows.place(rows);
    else windows.look(rows);
    const result = newSeries(labels, references.length);
    const size = fill(rollups, windows, { values: result.values, at: -1, present: result.present });
    if (size === undefined) return undefined;
    if (counted) evaluation.samples.windowedSteps(windows.largest, windows.last, size);
    if (size === 0) continue;
    evaluation.spend(references.length);
    results.push(result);
  }
  windows.finish();
  return results;
}
