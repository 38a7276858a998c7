import { createEvaluator, type EvaluatorOptions } from '../engine/evaluator.ts';
import type { QueryResult } from '../result/result.ts';
import { ArraySource } from './arraySource.ts';
import type { LoadCommand } from './script.ts';

/** What a script runs against: something that takes samples and answers queries. Times are Unix milliseconds. */
export interface ScriptTarget {
  /** Forgets everything. */
  clear(): Promise<void>;
  load(command: LoadCommand): Promise<void>;
  instant(query: string, time: number): Promise<QueryResult>;
  range(query: string, start: number, end: number, step: number): Promise<QueryResult>;
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
