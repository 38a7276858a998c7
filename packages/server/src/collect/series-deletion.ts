import type { Matcher } from '@nightshift/promql';
import { WireError } from '@nightshift/wire';

/** Samples that are to go: of the series that any of the selectors chooses, those in the range that came before it. */
export interface SeriesDeletion {
  /** At least one. */
  readonly selectors: readonly (readonly Matcher[])[];
  /** Unix milliseconds, both ends included. */
  readonly start: number;
  readonly end: number;
}

/** As JSON: `{"start", "end", "selectors": [[[name, op, value], …], …]}`. */
export function encodeSeriesDeletion({ selectors, start, end }: SeriesDeletion): Uint8Array {
  const lists = selectors.map((matchers) => matchers.map(({ name, op, value }) => [name, op, value]));
  return Buffer.from(JSON.stringify({ start, end, selectors: lists }));
}

const OPS: readonly unknown[] = ['=', '!=', '=~', '!~'] satisfies Matcher['op'][];

function isMatcher(value: unknown): value is [string, Matcher['op'], string] {
  if (!Array.isArray(value) || value.length !== 3) return false;
  return typeof value[0] === 'string' && OPS.includes(value[1]) && typeof value[2] === 'string';
}

/** @throws WireError for a body that is none. */
export function decodeSeriesDeletion(body: Uint8Array): SeriesDeletion {
  try {
    const { start, end, selectors } = JSON.parse(new TextDecoder().decode(body));
    const isWhole = Number.isFinite(start) && Number.isFinite(end) && Array.isArray(selectors) && selectors.length > 0;
    if (isWhole && selectors.every((list: unknown) => Array.isArray(list) && list.every(isMatcher))) {
      const lists = (selectors as [string, Matcher['op'], string][][]).map((list) =>
        list.map(([name, op, value]) => ({ name, op, value })),
      );
      return { start, end, selectors: lists };
    }
  } catch {
    // Said below, with every other way of being none.
  }
  throw new WireError('the body is no deletion of series');
}
