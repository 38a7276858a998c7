export { PromqlExecutionError, PromqlLimitError, PromqlTypeError } from './engine/errors.ts';
export type { Checkpoint } from './engine/evaluation.ts';
export { createEvaluator, type Evaluator, type EvaluatorOptions, type QueryOptions } from './engine/evaluator.ts';
export { readAll, SeriesList } from './engine/readers.ts';
export type { SampleStatistics } from './engine/samples.ts';
export { staleMarkers } from './engine/staleness.ts';
export { DEFAULT_FEATURES, type PromqlFeatures } from './features.ts';
export type { ApiBucket, ApiHistogram } from './histogram/format.ts';
export { formatHistogram } from './histogram/format.ts';
export * from './histogram/histogram.ts';
export { compareLabels } from './labels.ts';
export { compileMatchers } from './matchers/compile.ts';
export { compilePattern, literalsOf, type Pattern, type PatternMatch, RegexpSyntaxError } from './matchers/pattern.ts';
export type * from './parser/ast.ts';
export { selectorsOf } from './parser/ast.ts';
export { type ParseIssue, PromqlParseError } from './parser/error.ts';
export { parseDuration } from './parser/literals.ts';
export { parse, parseSelector } from './parser/parse.ts';
export {
  type PlanGrid,
  type PlannedSelect,
  type PlanSettings,
  planSelects,
  type SelectPlan,
} from './plan/plan.ts';
export { type ApiNode, toApiAst } from './printer/apiAst.ts';
export { formatExpr } from './printer/format.ts';
export { prettyPrint } from './printer/pretty.ts';
export {
  type ApiData,
  type ApiHistogramSample,
  type ApiMatrixSeries,
  type ApiSample,
  type ApiVectorSample,
  formatSample,
  formatValue,
  toApiData,
} from './result/format.ts';
export type { MatrixSeries, QueryResult, VectorSample } from './result/result.ts';
export * from './rollup/columns.ts';
export { rollUp } from './rollup/rollUp.ts';
export * from './source.ts';
