import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Resource, Scope } from './encode-common.ts';

export const VERSION = '0.1.0';

/** Of all that this library makes. */
export const scope: Scope = { name: '@nightshift/node', version: VERSION };

type Of = Pick<Settings, 'serviceName' | 'resourceAttributes'>;

/**
 * Who this process is, by OpenTelemetry's conventions (https://opentelemetry.io/docs/specs/semconv/resource/). What is
 * configured wins; name and version come from the package.json of the working directory otherwise.
 */
export function resourceOf({ serviceName, resourceAttributes }: Of): Resource {
  const host = hostname();
  const own = packageOfProcess();
  const version = own.version === '' ? {} : { 'service.version': own.version };
  return {
    ...version,
    'host.name': host,
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    // Without it two processes of one service would write the same series.
    'service.instance.id': `${host}-${process.pid}`,
    ...resourceAttributes,
    'service.name': serviceName || resourceAttributes['service.name'] || own.name || 'unknown_service:node',
    'telemetry.sdk.name': 'nightshift',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': VERSION,
  };
}

/** The working directory may be gone too. */
function packageOfProcess(): { name: string; version: string } {
  try {
    const { name, version } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    return { name: typeof name === 'string' ? name : '', version: typeof version === 'string' ? version : '' };
  } catch {
    return { name: '', version: '' };
  }
}
