import type { PrometheusDeps } from './deps.ts';
import { get, type Route } from './route.ts';

interface Entry {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export const metadataRoutes = ({ metrics }: PrometheusDeps): Route[] => [
  get('/metadata', async ({ parameters }) => {
    const limit = parameters.wholeNumber('limit') ?? -1;
    const limitPerMetric = parameters.wholeNumber('limit_per_metric') ?? -1;
    const byName: Record<string, Entry[]> = Object.create(null);
    let names = 0;
    const known = await metrics.metadata(parameters.text('metric') || undefined, Number.MAX_SAFE_INTEGER);
    for (const { name, type, help, unit } of known) {
      const entries = byName[name] ?? [];
      if (entries.length === 0) {
        if (limit >= 0 && names >= limit) continue;
        names++;
        byName[name] = entries;
      }
      if (limitPerMetric <= 0 || entries.length < limitPerMetric) entries.push({ type, help, unit });
    }
    return { data: byName };
  }),
];
