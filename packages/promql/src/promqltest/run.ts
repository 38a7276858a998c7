import type { EvaluatorOptions } from '../engine/evaluator.ts';
import type { QueryResult } from '../result/result.ts';
import { compareAnnotations, compareResult } from './compare.ts';
import { type Asked, pinnedVariations } from './invariance.ts';
import { type EvalCommand, type LoadCommand, parseScript, ScriptError } from './script.ts';
import { NotationError } from './series.ts';
import { arrayTarget, type ScriptTarget, UnsupportedLoad } from './target.ts';

export interface CaseOutcome {
  /** Line in the script, from 1. */
  readonly line: number;
  readonly query: string;
  /** Undefined if the case passed. */
  readonly failure?: string;
  /** Why it was not asked: the target could not hold the samples. */
  readonly skipped?: string;
}

/** The same over arrays: runs every command of a script and says of each `eval` whether it answered as expected. */
export async function runScript(text: string, options: EvaluatorOptions = {}, file?: string): Promise<CaseOutcome[]> {
  return runScriptAgainst(arrayTarget(options), text, file);
}

/**
 * Runs every command of a script against an empty target and says of each `eval` whether it answered as expected.
 * @throws ScriptError that names file and line, if the script is not in the language.
 */
export async function runScriptAgainst(target: ScriptTarget, text: string, file?: string): Promise<CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  let lacking: string | undefined;
  for (const command of parseScript(text, file)) {
    if (command.kind === 'clear') {
      await target.clear();
      lacking = undefined;
    } else if (command.kind === 'load') lacking ??= await load(target, command, file);
    else {
      const { line, query } = command;
      if (lacking !== undefined) outcomes.push({ line, query, skipped: lacking });
      else {
        const failure = await runCase(target, asShown(command, target));
        outcomes.push({ line, query, ...(failure === undefined ? {} : { failure }) });
      }
    }
  }
  return outcomes;
}

/** Returns what the target cannot hold. */
async function load(target: ScriptTarget, command: LoadCommand, file?: string): Promise<string | undefined> {
  try {
    await target.load(command);
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedLoad) return error.message;
    if (error instanceof NotationError) throw new ScriptError(error.message, command.line, file);
    throw error;
  }
}

/** The command with its expected histograms as far as the target shows them. */
function asShown(command: EvalCommand, { shown }: ScriptTarget): EvalCommand {
  if (!shown) return command;
  const series = command.expected.series.map((line) => ({
    ...line,
    points: line.points.map((point) =>
      typeof point === 'object' ? { histogram: shown(point.histogram), hintStated: false } : point,
    ),
  }));
  return { ...command, expected: { ...command.expected, series } };
}

async function runCase(target: ScriptTarget, command: EvalCommand): Promise<string | undefined> {
  const { query, start, end, step, expected } = command;
  if (step !== undefined) {
    const asked = target.range(query, start, end, step);
    return judge(command, asked);
  }
  const time = expected.rangeVector?.end ?? start;
  const failure = await runInstant(target, command, { query, time });
  if (failure !== undefined) return failure;
  for (const each of pinnedVariations(query, time)) {
    const varied = await runInstant(target, command, each);
    if (varied !== undefined) return `as ${each.query} at ${each.time} ms: ${varied}`;
  }
  return undefined;
}

/** What depends on the bounds of the whole query, and so is not the same in a range query. */
const CONTEXT_FUNCTIONS = /(start|end|range|step)\(\)/;

/** An instant query, and the same once more as the middle step of a range query. */
async function runInstant(target: ScriptTarget, command: EvalCommand, asked: Asked): Promise<string | undefined> {
  const { query, time } = asked;
  const { expected } = command;
  const answer = target.instant(query, time);
  const failure = await judge(command, answer);
  if (failure !== undefined || expected.fail) return failure;
  if (expected.rangeVector || expected.text !== undefined || CONTEXT_FUNCTIONS.test(query)) return undefined;
  try {
    const { resultType } = await answer;
    const range = await target.range(query, time - 60_000, time + 60_000, 60_000);
    if (expected.ordered) return undefined;
    const difference = compareResult(command, stepOf(range, time, resultType));
    return difference === undefined ? undefined : `in a range query: ${difference}`;
  } catch (error) {
    return `failed in a range query: ${(error as Error).message}`;
  }
}

async function judge(command: EvalCommand, answer: Promise<QueryResult>): Promise<string | undefined> {
  const { expected } = command;
  let result: QueryResult;
  try {
    result = await answer;
  } catch (error) {
    const { message } = error as Error;
    if (!expected.fail) return `failed: ${message}`;
    return expected.fail.matches(message) ? undefined : `failed with "${message}", expected ${expected.fail}`;
  }
  if (expected.fail) return 'should have failed';
  return compareAnnotations(expected, result) ?? compareResult(command, result);
}

/** One step of a matrix as an instant query answers it. */
function stepOf(result: QueryResult, time: number, resultType: QueryResult['resultType']): QueryResult {
  if (result.resultType !== 'matrix') return result;
  const { warnings, infos } = result;
  const samples = result.series.flatMap(({ labels, timestamps, values, histograms }) => {
    const i = timestamps.indexOf(time);
    if (i < 0) return [];
    const histogram = histograms?.[i];
    return [{ labels, time, value: values[i]!, ...(histogram ? { histogram } : {}) }];
  });
  if (resultType !== 'scalar') return { resultType: 'vector', samples, warnings, infos };
  return { resultType: 'scalar', time, value: samples[0]?.value ?? Number.NaN, warnings, infos };
}
