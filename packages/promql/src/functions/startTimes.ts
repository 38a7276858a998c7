import type { AnnotationDetail } from '../engine/annotations.ts';
import { metricNameOf } from '../engine/remarks.ts';
import type { Window } from '../engine/window.ts';
import { quote } from '../parser/quote.ts';

/** What start timestamps say of counters (promql/functions.go, isStartTimestampReset and checkStartTimeOverlap). 0 is an unknown start. */

/**
 * Whether counting began anew between sample i - 1 and sample i: it began after the earlier one. Where it began exactly at
 * the earlier one, that is a reset only if the earlier one knew its own start, else it is OpenTelemetry's unknown start.
 */
export function startsAnew({ timestamps, startTimestamps }: Window, i: number): boolean {
  if (!startTimestamps) return false;
  const start = startTimestamps[i]!;
  const previous = timestamps[i - 1]!;
  if (start === 0 || start >= timestamps[i]! || start < previous) return false;
  if (start > previous) return true;
  const previousStart = startTimestamps[i - 1]!;
  return previousStart !== 0 && previousStart < previous;
}

/** The start of the first sample, where it is inside the range and before the sample; from there the counter rose from 0. */
export function startInside({ timestamps, startTimestamps, from, rangeStart }: Window): number | undefined {
  const start = startTimestamps?.[from];
  return start !== undefined && start !== 0 && start > rangeStart && start < timestamps[from]! ? start : undefined;
}

/** Warns if a sample claims to have begun before the sample ahead of it, and is no continuation of it. */
export function warnOfOverlap(window: Window): void {
  const { timestamps, startTimestamps, from, to } = window;
  if (!startTimestamps) return;
  for (let i = from + 1; i < to; i++) {
    const start = startTimestamps[i]!;
    if (start === 0 || start >= timestamps[i - 1]! || start === startTimestamps[i - 1]) continue;
    const name = quote(metricNameOf(window.labels));
    const text = `sample has start time that overlaps with previous sample timestamp for metric ${name}`;
    window.annotations.warn(text, window.span, new Occurrences(1));
    return;
  }
}

class Occurrences implements AnnotationDetail {
  private readonly count: number;

  constructor(count: number) {
    this.count = count;
  }

  get text(): string {
    return this.count > 1 ? ` (${this.count} occurrences)` : '';
  }

  after(earlier: AnnotationDetail): AnnotationDetail {
    return earlier instanceof Occurrences ? new Occurrences(this.count + earlier.count) : this;
  }
}
