import type { FastifyInstance } from 'fastify';
import { ScrapeConfigError } from '../collect/scrape/config/yaml-node.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import { RuleFileError } from '../watch/rule-file.ts';

/** `/-/reload`, where Prometheus has it: reads the retention of metrics, the rule files and the scrape configuration anew. Files with a mistake change nothing, and all mistakes are told. */
export function reloadRoutes(app: FastifyInstance, reload: () => Promise<void>): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, undefined));
    scope.route({
      method: ['POST', 'PUT'],
      url: '/-/reload',
      config: { right: 'admin' },
      handler: async (_request, reply) => {
        try {
          await reload();
        } catch (error) {
          if (error instanceof ScrapeConfigError)
            throw new NightshiftError('SCRAPE_INVALID', { offences: error.message });
          if (!(error instanceof RuleFileError)) throw error;
          throw new NightshiftError('RULES_INVALID', { offences: error.message });
        }
        return reply.code(200).send();
      },
    });
  });
}
