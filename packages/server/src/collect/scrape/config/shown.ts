import { durationText } from './format-duration.ts';
import type { ScrapeConfig } from './types.ts';

/** Keys whose texts nobody is shown, wherever they stand. */
const secretKeys = new Set(['password', 'credentials', 'client_secret', 'bearer_token', 'key', 'secrets']);

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (!secretKeys.has(key)) return [key, withoutSecrets(inner)];
      return [key, Array.isArray(inner) ? inner.map(() => '<secret>') : '<secret>'];
    }),
  );
}

/** A URL may have a password in it. */
const withoutPassword = (text: string): string => text.replace(/^(https?:\/\/[^/:@]*:)[^/@]*@/, '$1xxxxx@');

const strings = (value: unknown): unknown =>
  typeof value === 'string'
    ? withoutPassword(value)
    : Array.isArray(value)
      ? value.map(strings)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, strings(inner)]))
        : value;

/** A job as it was written, in the terms of Prometheus' configuration, with what it takes where nothing is written. */
export function shownConfig(written: unknown, config: Omit<ScrapeConfig, 'shown'>): Readonly<Record<string, unknown>> {
  return {
    job_name: config.jobName,
    honor_timestamps: config.honorTimestamps,
    track_timestamps_staleness: config.trackTimestampsStaleness,
    scrape_interval: durationText(config.intervalMs),
    scrape_timeout: durationText(config.timeoutMs),
    scrape_protocols: config.protocols,
    metrics_path: config.metricsPath,
    scheme: config.scheme,
    enable_compression: config.enableCompression,
    follow_redirects: config.http.followRedirects,
    ...(strings(withoutSecrets(written)) as Record<string, unknown>),
  };
}
