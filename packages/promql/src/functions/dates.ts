import { mapFloats } from '../engine/mapSamples.ts';
import { dropName, isEmpty, newSeries, timeAt, vectorOf } from '../engine/values.ts';
import { NO_LABELS } from '../labels.ts';
import { type Moment, momentAt } from './calendar.ts';
import { type CallContext, type FunctionTable, ofCall } from './function.ts';
import { vectorArg } from './scalars.ts';

function field(name: keyof Moment) {
  const ofSeconds = (seconds: number) => momentAt(seconds)[name];
  return ofCall(async (context: CallContext) => {
    const [arg] = context.call.args;
    if (arg) {
      const delayed = context.evaluation.delayedNameRemoval;
      const series = await vectorArg(context, arg);
      const floats = Array.from(context.evaluation.each(series), (each) => mapFloats(each, ofSeconds));
      return vectorOf(floats.filter((each) => !isEmpty(each)).map((each) => dropName(each, delayed)));
    }
    const now = newSeries(NO_LABELS, context.grid.count);
    now.present.fill(1);
    for (let step = 0; step < context.grid.count; step++) {
      now.values[step] = ofSeconds(timeAt(context.grid, step) / 1000);
    }
    return vectorOf([now]);
  });
}

/** All in UTC. */
export const DATES: FunctionTable = [
  ['minute', field('minute')],
  ['hour', field('hour')],
  ['day_of_week', field('weekday')],
  ['day_of_month', field('day')],
  ['day_of_year', field('dayOfYear')],
  ['days_in_month', field('daysInMonth')],
  ['month', field('month')],
  ['year', field('year')],
];
