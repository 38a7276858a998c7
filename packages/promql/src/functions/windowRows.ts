import { fillPresent, type RowFunction } from '../engine/rows.ts';
import type { Window } from '../engine/window.ts';

/** The samples `from <= i < to`, at least one. */
export type FloatWindow = Pick<Window, 'values' | 'from' | 'to'>;

/** All steps of a series at once, of a function that looks at nothing but the floats of its window and always has a result. */
export function rowsOf(apply: (window: FloatWindow) => number): () => RowFunction {
  return () => {
    const window: FloatWindow = { values: new Float64Array(), from: 0, to: 0 };
    return (windows, into) => {
      const { from, to } = windows;
      const { runs, size } = windows.stepsWith(1);
      fillPresent(into, runs);
      window.values = windows.values;
      for (let i = 0; i < runs.length; i += 2) {
        for (let step = runs[i]!; step < runs[i + 1]!; step++) {
          window.from = from[step]!;
          window.to = to[step]!;
          into.values[step] = apply(window);
        }
      }
      return size;
    };
  };
}
