import type { ModuleInstrumentation } from '../core/hub.ts';
import { databases } from '../databases/index.ts';
import { frameworks } from '../frameworks/index.ts';
import { loggers } from '../logs/index.ts';
import { services } from '../services/index.ts';
import { openTelemetryApiModule } from '../tracing/otel-api.ts';

/** All packages that are watched when they are loaded; a new one is a file and a line here. */
export const moduleInstrumentations: readonly ModuleInstrumentation[] = [
  ...frameworks,
  ...databases,
  ...services,
  ...loggers,
  openTelemetryApiModule,
];
