import type { Labels } from '@nightshift/wire';
import type { ByteWriter } from './byte-writer.ts';
import { Fields } from './fields.ts';
import { encodeLabels } from './labels.ts';

interface External {
  readonly name: Uint8Array;
  /** As a prometheus.Label in field 1. */
  readonly message: Uint8Array;
}

export type ExternalLabels = readonly External[];

/** External labels in the order of their names, as they are written. */
export const encodeExternalLabels = (labels: Labels): ExternalLabels =>
  [...labels]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({
      name: Buffer.from(name),
      message: encodeLabels([[name, value]]),
    }));

/** Copies the labels in `bytes[start, end)` with the external ones among them in order; a label of the series wins. */
export function copyWithExternal(
  into: ByteWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
  externals: ExternalLabels,
): void {
  let next = 0;
  const labels = new Fields(bytes, start, end);
  while (labels.next()) {
    const name = new Fields(bytes, labels.contentStart, labels.end);
    name.next();
    for (; next < externals.length; next++) {
      const external = externals[next]!;
      const order = Buffer.compare(external.name, bytes.subarray(name.contentStart, name.end));
      if (order > 0) break;
      if (order < 0) into.copy(external.message);
    }
    into.copy(bytes, labels.start, labels.end);
  }
  for (; next < externals.length; next++) into.copy(externals[next]!.message);
}
