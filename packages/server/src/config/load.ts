import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, type Offence } from './config-error.ts';
import { type EnvironmentSettings, readEnvironment } from './environment.ts';
import { type ConfigFile, readConfigFile, readConfigText } from './file.ts';
import { type ConfigKey, configKeys } from './keys.ts';
import { describeIssues } from './offences.ts';
import { type Config, configSchema } from './schema.ts';

/** Where a value came from. `where` is file:line:column, the variable, or `default`; the value is as written, secrets masked. */
export interface ConfigSource {
  readonly source: 'default' | 'file' | 'environment';
  readonly where: string;
  readonly value: unknown;
}

export interface LoadedConfig {
  readonly config: Config;
  /** By path, in the order of the schema. */
  readonly sources: ReadonlyMap<string, ConfigSource>;
}

export interface LoadOptions {
  /** Must exist when given. Without it NIGHTSHIFT_CONFIG, then `nightshift.yaml` in `cwd` if there is one. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

const defaultName = 'nightshift.yaml';

function findFile({ file, env, cwd }: LoadOptions): ConfigFile | undefined {
  const given = file ?? env.NIGHTSHIFT_CONFIG;
  const path = resolve(cwd, given || defaultName);
  if (given || existsSync(path)) return readConfigFile(path, given || defaultName);
  const misnamed = ['nightshift.yml', 'nightshift.json', 'Nightshift.yaml'].find((name) =>
    existsSync(resolve(cwd, name)),
  );
  if (!misnamed) return undefined;
  const offences = [{ where: misnamed, message: `is not read; its name must be ${defaultName}` }];
  return { ...readConfigText(misnamed, ''), offences };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(base: unknown, over: Record<string, unknown>): unknown {
  if (!isObject(base)) return over;
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = isObject(value) ? merge(base[key], value) : value;
  return merged;
}

type Where = (path: readonly PropertyKey[]) => string;

function check(input: unknown, where: Where): Offence[] {
  const result = configSchema.safeParse(input);
  return result.success ? [] : describeIssues(result.error.issues, input, where);
}

function whereInEnvironment(environment: EnvironmentSettings, path: readonly PropertyKey[]): string | undefined {
  const name = path.map(String).join('.');
  return environment.keys.find((key) => name === key.path || name.startsWith(`${key.path}.`))?.variable;
}

/** Each origin is checked alone first, so that a wrong value in the file is found even where a variable overrides it. */
function allOffences(file: ConfigFile | undefined, environment: EnvironmentSettings, merged: unknown): Offence[] {
  const offences = [...(file?.offences ?? []), ...environment.offences];
  if (file) offences.push(...check(file.value, (path) => file.where(path)));
  offences.push(...check(environment.value, (path) => whereInEnvironment(environment, path) ?? 'environment'));
  if (offences.length > 0) return offences;
  return check(merged, (path) => whereInEnvironment(environment, path) ?? file?.where(path) ?? 'default');
}

const byPlace = (a: Offence, b: Offence): number => a.where.localeCompare(b.where, 'en', { numeric: true });

function withAbsolutePaths(config: Config, baseOf: (path: string) => string): Config {
  return {
    ...config,
    dataDir: resolve(baseOf('dataDir'), config.dataDir),
    scrapeConfigFile: config.scrapeConfigFile && resolve(baseOf('scrapeConfigFile'), config.scrapeConfigFile),
    rules: { ...config.rules, files: config.rules.files.map((file) => resolve(baseOf('rules.files'), file)) },
  };
}

function sourceOf(
  key: ConfigKey,
  file: ConfigFile | undefined,
  environment: EnvironmentSettings,
  merged: unknown,
): ConfigSource {
  const path = key.path.split('.');
  const written = path.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), merged);
  const show = (value: unknown): unknown => (key.secret && value !== '' ? '[hidden]' : value);
  if (environment.keys.some((other) => other.path === key.path)) {
    return { source: 'environment', where: key.variable, value: show(written) };
  }
  if (file?.has(path)) return { source: 'file', where: file.where(path), value: show(written) };
  return { source: 'default', where: 'default', value: show(key.schema.default) };
}

/**
 * Reads the configuration: variables win over the file, the file over the defaults. `dataDir` and `rules.files` come
 * back absolute. Throws ConfigError with everything that is wrong, at once.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = findFile(options);
  const environment = readEnvironment(options.env);
  const merged = merge(file?.value ?? {}, environment.value);
  const offences = allOffences(file, environment, merged);
  if (offences.length > 0) throw new ConfigError(offences.sort(byPlace));
  const sources = new Map(configKeys().map((key) => [key.path, sourceOf(key, file, environment, merged)]));
  const fileDir = file ? dirname(resolve(options.cwd, file.name)) : options.cwd;
  const baseOf = (path: string) => (sources.get(path)?.source === 'file' ? fileDir : options.cwd);
  return { config: withAbsolutePaths(configSchema.parse(merged), baseOf), sources };
}
