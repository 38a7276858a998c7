import type { Labels } from '@nightshift/wire';
import { ByteWriter } from './byte-writer.ts';
import { Fields, LENGTH } from './fields.ts';

const decoder = new TextDecoder();

/** The labels of a prometheus.TimeSeries that stand in `bytes[start, end)`. */
export function readLabels(bytes: Uint8Array, start: number, end: number): Labels {
  const found = new Map<string, string>();
  const labels = new Fields(bytes, start, end);
  while (labels.next()) {
    const label = new Fields(bytes, labels.contentStart, labels.end);
    let name = '';
    let value = '';
    while (label.next()) {
      const text = decoder.decode(bytes.subarray(label.contentStart, label.end));
      if (label.field === 1) name = text;
      else value = text;
    }
    found.set(name, value);
  }
  return found;
}

function writeText(into: ByteWriter, field: number, text: Uint8Array): void {
  into.byte((field << 3) | LENGTH);
  into.varint(text.length);
  into.copy(text);
}

/** Labels as prometheus.Label messages in field 1, in the order given. */
export function encodeLabels(labels: Iterable<readonly [name: string, value: string]>): Uint8Array {
  const all = new ByteWriter(256);
  const label = new ByteWriter(128);
  for (const [name, value] of labels) {
    label.cut(0);
    writeText(label, 1, Buffer.from(name));
    writeText(label, 2, Buffer.from(value));
    writeText(all, 1, label.view());
  }
  return all.view();
}
