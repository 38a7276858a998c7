import { type Expr, PromqlParseError, parse, prettyPrint, toApiAst } from '@nightshift/promql';
import { describeParseError, featuresOf } from '../../query/features.ts';
import type { PrometheusDeps } from './deps.ts';
import { invalidParameter } from './failure.ts';
import { getOrPost, type Request, type Route } from './route.ts';

export const expressionRoutes = ({ features }: PrometheusDeps): Route[] => {
  const enabled = featuresOf(features);
  const parsed = ({ parameters }: Request): Expr => {
    try {
      return parse(parameters.text('query'), enabled);
    } catch (error) {
      throw error instanceof PromqlParseError ? invalidParameter('query', describeParseError(error)) : error;
    }
  };
  return [
    getOrPost('/format_query', (request) => ({ data: prettyPrint(parsed(request)) })),
    getOrPost('/parse_query', (request) => ({ data: toApiAst(parsed(request)) })),
  ];
};
