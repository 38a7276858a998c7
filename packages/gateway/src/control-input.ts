import { defaultGuardConfig, type GuardConfig } from '@nightshift/guard';
import { GatewayError } from './gateway-error.ts';
import type { AppConfig, ReleaseSpec } from './protocol.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const nonEmpty: Check = (value) => typeof value === 'string' && value !== '';
const flag: Check = (value) => typeof value === 'boolean';
const amount: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const positive: Check = (value) => amount(value) && (value as number) > 0;
const port: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
const path: Check = (value) => typeof value === 'string' && value.startsWith('/');
const words: Check = (value) => Array.isArray(value) && value.length > 0 && value.every(text) && value[0] !== '';
const variables: Check = (value) => isObject(value) && Object.values(value).every(text);

const APP: Readonly<Record<keyof AppConfig, readonly [Check, string]>> = {
  service: [nonEmpty, 'a name'],
  environment: [text, 'a string'],
  host: [nonEmpty, 'an address'],
  port: [port, 'a port from 0 to 65535'],
  failover: [flag, 'true or false'],
  rollback: [flag, 'true or false'],
  guard: [isObject, 'an object'],
  requestTimeoutMs: [positive, 'milliseconds above 0'],
  replayBodyBytes: [amount, 'bytes of at least 0'],
  drainMs: [amount, 'milliseconds of at least 0'],
};

const RELEASE: Readonly<Record<keyof ReleaseSpec, readonly [Check, string]>> = {
  id: [nonEmpty, 'an id'],
  version: [nonEmpty, 'a version'],
  revision: [text, 'a string'],
  dir: [path, 'an absolute path'],
  command: [words, 'a list of words, the program first'],
  env: [variables, 'an object of strings'],
  healthPath: [path, 'a path that begins with /'],
  startTimeoutMs: [positive, 'milliseconds above 0'],
};

const ratio: Check = (value) => typeof value === 'number' && value > 0 && value < 1;

const GUARD: Readonly<Record<keyof GuardConfig, readonly [Check, string]>> = {
  falseAlarmRate: [ratio, 'a probability between 0 and 1'],
  toleratedErrorRatio: [(value) => amount(value) && (value as number) < 1, 'a ratio from 0 to below 1'],
  slowFactor: [(value) => amount(value) && (value as number) >= 1, 'a factor of at least 1'],
  slowSlackMs: [amount, 'milliseconds of at least 0'],
  promoteAfterRequests: [amount, 'a number of at least 0'],
  promoteAfterMs: [amount, 'milliseconds of at least 0'],
  warmUpMs: [amount, 'milliseconds of at least 0'],
};

/** Guard settings that are missing get their defaults. @throws GatewayError 400 that names the field and its value. */
export function readAppConfig(body: unknown, service: string): AppConfig {
  const config = checked<AppConfig>(body, APP, '');
  if (config.service !== service) throw refusal('service', `"${service}", as in the path`, config.service);
  return { ...config, guard: checked<GuardConfig>({ ...defaultGuardConfig, ...config.guard }, GUARD, 'guard.') };
}

/** @throws GatewayError 400 that names the field and its value. */
export function readReleaseSpec(body: unknown): ReleaseSpec {
  return checked<ReleaseSpec>(body, RELEASE, '');
}

function checked<T>(body: unknown, fields: Readonly<Record<string, readonly [Check, string]>>, prefix: string): T {
  if (!isObject(body))
    throw new GatewayError(400, 'bad_request', `The body must be a JSON object, got ${JSON.stringify(body)}.`);
  for (const [name, [check, wanted]] of Object.entries(fields))
    if (!check(body[name])) throw refusal(prefix + name, wanted, body[name]);
  const unknown = Object.keys(body).find((name) => !(name in fields));
  if (unknown)
    throw new GatewayError(
      400,
      'bad_request',
      `"${prefix}${unknown}" is not known. Known: ${Object.keys(fields).join(', ')}.`,
    );
  return body as T;
}

function refusal(name: string, wanted: string, value: unknown): GatewayError {
  return new GatewayError(400, 'bad_request', `"${name}" must be ${wanted}, got ${JSON.stringify(value)}.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
