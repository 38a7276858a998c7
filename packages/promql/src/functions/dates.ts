import { mapFloats } from '../engine/mapSamples.ts';
import { dropName, isEmpty, newSeries, timeAt, vectorOf } from '../engine/values.ts';
import { NO_LABELS } from '../labels.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { vectorArg } from './scalars.ts';

const DAY_MS = 86_400_000;

function field(read: (date: Date) => number) {
  const ofSeconds = (seconds: number) => {
    if (!Number.isFinite(seconds)) return Number.NaN;
    return read(new Date(Math.trunc(seconds) * 1000));
  };
  return ofCall(async (context: CallContext) => {
    const [arg] = context.call.args;
    if (arg) {
      const delayed = context.evaluation.delayedNameRemoval;
      const series = await vectorArg(context, arg);
      const floats = series.map((each) => mapFloats(each, ofSeconds)).filter((each) => !isEmpty(each));
      return vectorOf(floats.map((each) => dropName(each, delayed)));
    }
    const now = newSeries(NO_LABELS, context.grid.count);
    now.present.fill(1);
    for (let step = 0; step < context.grid.count; step++) {
      now.values[step] = ofSeconds(timeAt(context.grid, step) / 1000);
    }
    return vectorOf([now]);
  });
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** All in UTC. */
export const DATES: FunctionTable = [
  ['minute', field((date) => date.getUTCMinutes())],
  ['hour', field((date) => date.getUTCHours())],
  ['day_of_week', field((date) => date.getUTCDay())],
  ['day_of_month', field((date) => date.getUTCDate())],
  ['day_of_year', field(dayOfYear)],
  ['days_in_month', field(daysInMonth)],
  ['month', field((date) => date.getUTCMonth() + 1)],
  ['year', field((date) => date.getUTCFullYear())],
];
