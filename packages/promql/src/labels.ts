import { quote } from './parser/quote.ts';
import type { Labels } from './source.ts';

export const METRIC_NAME = '__name__';
const TYPE = '__type__';
const UNIT = '__unit__';
export const NO_LABELS: Labels = new Map();

/** Labels that describe the metric and not the series; a function whose result is something else drops them. */
export const METADATA_LABELS: readonly string[] = [METRIC_NAME, TYPE, UNIT];

/** A string that is equal for equal label sets and for no others. */
export function identity(labels: Labels): string {
  let key = '';
  for (const [name, value] of labels) key += part(name, value);
  return key;
}

/** The same of the labels that are not named. */
export function identityWithout(labels: Labels, names: ReadonlySet<string>): string {
  let key = '';
  for (const [name, value] of labels) if (!names.has(name)) key += part(name, value);
  return key;
}

/** The same of the values of the named labels; an absent one is as an empty one. */
export function identityOf(labels: Labels, names: readonly string[]): string {
  let key = '';
  for (const name of names) {
    const value = labels.get(name) ?? '';
    key += `${value.length} ${value}`;
  }
  return key;
}

/** Lengths and not separators tell where a text ends: any character may be in it. */
function part(name: string, value: string): string {
  return `${name.length} ${value.length} ${name}${value}`;
}

/** Whether series, which are all different, still are without their names: they have one, and no other metadata. */
export function haveOneName(all: readonly Labels[]): boolean {
  const name = all[0]?.get(METRIC_NAME);
  return all.every((labels) => labels.get(METRIC_NAME) === name && !labels.has(TYPE) && !labels.has(UNIT));
}

export function withoutMetadata(labels: Labels): Labels {
  if (!METADATA_LABELS.some((name) => labels.has(name))) return labels;
  return without(labels, METADATA_LABELS);
}

export function without(labels: Labels, names: readonly string[]): Labels {
  const rest = new Map(labels);
  for (const name of names) rest.delete(name);
  return rest;
}

/** Only the named labels, in order of name. */
export function keepOnly(labels: Labels, names: readonly string[]): Labels {
  const wanted = new Set(names);
  const kept = new Map<string, string>();
  for (const [name, value] of labels) if (wanted.has(name)) kept.set(name, value);
  return kept;
}

/** The labels with one more, in order of name; an empty value removes the label. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const entries = new Map<string, string>();
  let placed = value === '';
  for (const [known, each] of labels) {
    if (!placed && compareText(name, known) <= 0) {
      entries.set(name, value);
      placed = true;
    }
    if (known !== name) entries.set(known, each);
  }
  if (!placed) entries.set(name, value);
  return entries;
}

export function sorted(labels: Labels): Labels {
  return new Map([...labels].sort(([a], [b]) => compareText(a, b)));
}

/** In the order of their UTF-8 bytes, as Go compares texts: of code points, and not of UTF-16 units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : compareApart(x, y);
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}

/** Of two units one of which is half of a character beyond U+FFFF, which is after all others. */
function compareApart(x: number, y: number): number {
  return Number(isSurrogate(x)) - Number(isSurrogate(y));
}

/** Prometheus' order of label sets: pair by pair, name before value. */
export function compareLabels(a: Labels, b: Labels): number {
  const left = a.entries();
  const right = b.entries();
  for (;;) {
    const x = left.next();
    const y = right.next();
    if (x.done || y.done) return Number(y.done === true) - Number(x.done === true);
    const order = compareText(x.value[0], y.value[0]) || compareText(x.value[1], y.value[1]);
    if (order !== 0) return order;
  }
}

/** `{__name__="up", job="api"}`, as error messages show a series. */
export function formatLabels(labels: Labels): string {
  return `{${Array.from(labels, ([name, value]) => `${nameText(name)}=${quote(value)}`).join(', ')}}`;
}

/** A name of the old alphabet stands bare, any other in quotes. */
function nameText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quote(name);
}
