import { type Labels, WireError } from '@nightshift/wire';

/** Why samples of a request are refused, as the label `reason` of the metric has it. */
export type SampleRefusal =
  | 'too_old'
  | 'out_of_order'
  | 'too_far_ahead'
  | 'label_limit'
  | 'series_limit'
  | 'head_series_limit';

/** Samples that are refused for one reason, and what their sender is told of them. */
export interface Refusal {
  readonly reason: SampleRefusal;
  readonly samples: number;
  readonly message: string;
}

/** A limit that refuses a whole body. */
export class LimitError extends WireError {
  constructor(
    readonly reason: SampleRefusal,
    message: string,
  ) {
    super(message);
  }
}

const MOST_CHARACTERS = 300;

/** A label set as Prometheus prints it, cut where it is very long. */
export function seriesText(labels: Labels): string {
  const pairs = [...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const text = `{${pairs.join(', ')}}`;
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** Unix milliseconds as people read them. */
export const instant = (time: number): string => new Date(time).toISOString();
