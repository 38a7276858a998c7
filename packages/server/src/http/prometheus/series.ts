import { upTo } from './answer.ts';
import type { PrometheusDeps } from './deps.ts';
import { badData } from './failure.ts';
import { unescapeName } from './names.ts';
import { get, getOrPost, type Route } from './route.ts';

/** One more than is wanted, to know whether it is all. */
const oneMore = (limit: number): number => Math.min(limit + 1, Number.MAX_SAFE_INTEGER);

function labelNameOf(text: string): string {
  const name = unescapeName(text);
  if (name === '' || /\p{Cs}/u.test(name)) throw badData(`invalid label name: ${JSON.stringify(name)}`);
  return name;
}

export const seriesRoutes = ({ metrics }: PrometheusDeps): Route[] => [
  getOrPost('/series', async ({ parameters, signal }) => {
    if (parameters.all('match[]').length === 0) throw badData('no match[] parameter provided');
    const limit = parameters.limit();
    const range = parameters.range();
    const found = await metrics.series(parameters.selectors(), range, oneMore(limit), signal);
    const { all, warnings } = upTo(found, limit);
    return { data: all.map((labels) => Object.fromEntries(labels)), warnings };
  }),
  getOrPost('/labels', async ({ parameters, signal }) => {
    const limit = parameters.limit();
    const range = parameters.range();
    const { all, warnings } = upTo(
      await metrics.labelNames(parameters.selectors({ named: false }), range, oneMore(limit), signal),
      limit,
    );
    return { data: all, warnings };
  }),
  get('/label/:name/values', async ({ parameters, path, signal }) => {
    const name = labelNameOf(path.name ?? '');
    const limit = parameters.limit();
    const range = parameters.range();
    const found = await metrics.labelValues(
      name,
      parameters.selectors({ named: false }),
      range,
      oneMore(limit),
      signal,
    );
    const { all, warnings } = upTo(found, limit);
    return { data: all, warnings };
  }),
];
