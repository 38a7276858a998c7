import { type Matcher, PromqlParseError, parseSelector, RegexpSyntaxError } from '@nightshift/promql';
import type { FastifyInstance } from 'fastify';
import type { CardinalityReport } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { CardinalityRequest } from '../store/cardinality-report.ts';
import { onlyKnown, type Parameters, wholeNumber } from './parameters.ts';

export interface CardinalityDeps {
  /** Throws RegexpSyntaxError. */
  report(request: CardinalityRequest): Promise<CardinalityReport>;
}

const invalid = (reason: string) => new NightshiftError('PARAMETER_INVALID', { name: 'match[]', reason });

function selectorsOf(parameters: Parameters): (readonly Matcher[])[] {
  const texts = [parameters['match[]'] ?? []].flat().filter((text) => text !== '');
  return texts.map((text) => {
    try {
      return parseSelector(text);
    } catch (error) {
      if (error instanceof PromqlParseError) throw invalid(error.message);
      throw error;
    }
  });
}

/** GET /api/v1/cardinality: what the series are made of. */
export function cardinalityRoutes(app: FastifyInstance, deps: CardinalityDeps): void {
  app.get('/api/v1/cardinality', { config: { right: 'read' } }, async (request): Promise<CardinalityReport> => {
    const parameters = onlyKnown(request.query, ['match[]', 'limit']);
    const limit = wholeNumber(parameters, 'limit', { least: 1, most: 1000, fallback: 20 });
    try {
      return await deps.report({ selectors: selectorsOf(parameters), limit });
    } catch (error) {
      if (error instanceof RegexpSyntaxError) throw invalid(error.message);
      throw error;
    }
  });
}
