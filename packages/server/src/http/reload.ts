import type { FastifyInstance } from 'fastify';
import { ScrapeConfigError } from '../collect/scrape/config/yaml-node.ts';
import { ConfigError } from '../config/config-error.ts';
import { RuleFileError } from '../watch/rule-file.ts';

/** What people get wrong in files. */
const mistakes = [ConfigError, RuleFileError, ScrapeConfigError] as const;

/** `/-/reload`, where Prometheus has it: reads the retention of metrics, the limits of ingest, the rule files and the scrape configuration anew. Files with a mistake change nothing, and all mistakes are told. */
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
          const isMistake = mistakes.some((kind) => error instanceof kind);
          if (!isMistake) throw error;
          // Status and first words are Prometheus' own (web/web.go).
          const text = `failed to reload config: what runs goes on. ${(error as Error).message}\n`;
          return reply.code(500).type('text/plain; charset=utf-8').send(text);
        }
        return reply.code(200).send();
      },
    });
  });
}
