import { createEvaluator, type EvaluatorOptions } from '../engine/evaluator.ts';
import type { FloatHistogram } from '../histogram/histogram.ts';
import type { QueryResult } from '../result/result.ts';
import { ArraySource } from './arraySource.ts';
import type { LoadCommand } from './script.ts';

/** What a script runs against: something that takes samples and answers queries. Times are Unix milliseconds. */
export interface ScriptTarget {
  /** Forgets everything. */
  clear(): Promise<void>;
  /** @throws UnsupportedLoad for samples that it cannot hold. */
  load(command: LoadCommand): Promise<void>;
  instant(query: string, time: number): Promise<QueryResult>;
  range(query: string, start: number, end: number, step: number): Promise<QueryResult>;
  /** What its answers show of a histogram; all of it unless told. */
  shown?(histogram: FloatHistogram): FloatHistogram;
}

/** Samples that a target cannot hold: what a script asks until it clears the data is not asked there. */
export class UnsupportedLoad extends Error {
  override readonly name = 'UnsupportedLoad';
}

/** The evaluator of this package over arrays. */
export function arrayTarget(options: EvaluatorOptions = {}): ScriptTarget {
  let source = new ArraySource();
  return {
    async clear() {
      source = new ArraySource();
    },
    async load({ interval, series, withCustomBuckets }) {
      source.load(interval, series, withCustomBuckets);
    },
    instant: (query, time) => createEvaluator(source, options).instant(query, time),
    range: (query, start, end, step) => createEvaluator(source, options).range(query, start, end, step),
  };
}
