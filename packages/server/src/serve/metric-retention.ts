import { metricMatchers } from '../config/metric-match.ts';
import type { Config } from '../config/schema.ts';
import type { MetricRetention } from '../store/retention-policy.ts';

/** The configured ages as the store takes them. */
export const metricRetention = ({ metrics, metricRules }: Config['retention']): MetricRetention => ({
  rules: metricRules.map(({ match, keep }) => ({ match, matchers: metricMatchers(match), keepMs: keep })),
  defaultMs: metrics,
});
