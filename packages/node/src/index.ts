/** Nightshift in the application: sees everything, breaks nothing. */
export type { KindSnapshot } from './buffer/buffer.ts';
export type { Options } from './config/keys.ts';
export { OptionsError, type Shown } from './config/load.ts';
export type { Labels, Measure } from './core/measure.ts';
export type { DashboardOptions } from './dashboard/dashboard.ts';
export type { Fallback, FallbackOptions, FallbackResult, WithFallback } from './fallback/fallback.ts';
export type { Handler } from './handlers/handler.ts';
export type { MetricsOptions } from './handlers/metrics.ts';
export type { Check, Checks, Health, ReadyOptions } from './health/health.ts';
export { type Nightshift, nightshift } from './nightshift.ts';
