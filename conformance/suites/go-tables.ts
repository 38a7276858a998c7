import { readFileSync } from 'node:fs';
import { attempt, type CaseResult, inShared, named } from '../suite.ts';

/** Tables taken from Go tests as JSON: what JSON cannot say is there as `$call`, `$ref` or `$expr`. */

export const CURATED = inShared('prometheus/curated');

export type GoValue = number | { readonly $expr: string } | { readonly $ref: string } | GoCall;

export interface GoCall {
  readonly $call: string;
  readonly args: readonly GoValue[];
}

export function readTable<T>(file: string): T {
  return JSON.parse(readFileSync(`${CURATED}/${file}`, 'utf8')) as T;
}

/** The constants that the tables name: durations in milliseconds and moments in Unix milliseconds. */
const CONSTANTS: Readonly<Record<string, number>> = {
  'time.Millisecond': 1,
  'time.Second': 1000,
  'time.Minute': 60_000,
  'time.Hour': 3_600_000,
  defaultLookbackDelta: 300_000,
  lastDatapointTs: 600_000,
};

/** Milliseconds of a duration or moment, or a plain number. */
export function goNumber(value: GoValue): number {
  if (typeof value === 'number') return value;
  if ('$ref' in value) return constant(value.$ref);
  if ('$expr' in value) return sum(value.$expr);
  if (value.$call === 'time.Unix') return goNumber(value.args[0]!) * 1000;
  if (value.$call === 'lastDatapointTs.Add') return constant('lastDatapointTs') + goNumber(value.args[0]!);
  throw new Error(`unknown call ${value.$call}`);
}

function constant(name: string): number {
  const found = CONSTANTS[name];
  if (found === undefined) throw new Error(`unknown name ${name}`);
  return found;
}

/** Sums and products of numbers and constants; a leading minus is that of the first factor. */
function sum(text: string): number {
  return text
    .replace(/\s*-\s*/g, '+-')
    .split('+')
    .filter((term) => term.trim() !== '')
    .reduce((total, term) => total + product(term), 0);
}

function product(text: string): number {
  return text.split('*').reduce((total, factor) => {
    const plain = factor.trim().replace(/^-/, '');
    const value = /^\d/.test(plain) ? Number(plain) : constant(plain);
    return total * (factor.trim().startsWith('-') ? -value : value);
  }, 1);
}

/** Checks all cases of a table. */
export type Check = (cases: unknown) => Promise<CaseResult[]>;

export async function checkEach<T>(
  cases: readonly T[],
  nameOf: (each: T) => string,
  check: (each: T) => Promise<string | undefined>,
): Promise<CaseResult[]> {
  return Promise.all(named(cases, nameOf).map(({ name, each }) => attempt(name, () => check(each))));
}
