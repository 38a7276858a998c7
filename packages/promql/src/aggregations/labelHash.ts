import type { Labels } from '../source.ts';
import { xxhash64 } from './xxhash64.ts';

const encoder = new TextEncoder();

/**
 * Prometheus' hash of a label set, which decides what `limit_ratio` keeps: xxHash64 over every name and value in order,
 * each after its length (model/labels/labels_stringlabels.go: one byte below 255, else 255 and three bytes, little-endian).
 */
export function labelHash(labels: Labels): bigint {
  const texts = [...labels].flat().map((text) => encoder.encode(text));
  const bytes = new Uint8Array(texts.reduce((size, text) => size + text.length + (text.length < 255 ? 1 : 4), 0));
  let at = 0;
  for (const text of texts) {
    const { length } = text;
    const prefix = length < 255 ? [length] : [255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff];
    bytes.set(prefix, at);
    bytes.set(text, at + prefix.length);
    at += prefix.length + length;
  }
  return xxhash64(bytes);
}
