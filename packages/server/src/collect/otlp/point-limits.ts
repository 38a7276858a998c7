import { type OtlpConversionOptions, WireError } from '@nightshift/wire';
import { defaultLimits, type IngestLimits } from '../limits.ts';

/** Refuses a point whose series or time would be beyond a limit, so that it fails alone and not its request. */
export function pointLimits(
  now: number,
  limits: IngestLimits = defaultLimits,
): NonNullable<OtlpConversionOptions['check']> {
  const latest = now + limits.maxFutureMs;
  return (family, labels, more, timestamp) => {
    const name = family.slice(0, 80);
    const count = labels.length + more;
    if (count > limits.labelsPerSeries) {
      throw new WireError(`${name} has ${count} labels; at most ${limits.labelsPerSeries} are allowed`);
    }
    if (family.length > limits.labelValueLength) throw new WireError(`${name}… is no name: it is too long`);
    for (const [label, value] of labels) {
      if (label.length > limits.labelNameLength) {
        throw new WireError(
          `${name}: a label name of ${label.length} characters; at most ${limits.labelNameLength} are allowed`,
        );
      }
      if (value.length > limits.labelValueLength) {
        throw new WireError(
          `${name}: the value of ${label.slice(0, 80)} has ${value.length} characters; at most ${limits.labelValueLength} are allowed`,
        );
      }
    }
    if (timestamp > latest) throw new WireError(`${name}: a point is more than a day ahead of the clock here`);
  };
}
