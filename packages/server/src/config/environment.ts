import { parse } from 'yaml';
import type { Offence } from './config-error.ts';
import { type ConfigKey, configKeys, type KeySchema } from './keys.ts';
import { longerForm, nearest } from './nearest.ts';

/** Variables with our prefix that are not keys of the configuration. */
export const otherVariables: Readonly<Record<string, string>> = {
  NIGHTSHIFT_CONFIG: 'The configuration file, in place of `nightshift.yaml` in the working directory.',
  NIGHTSHIFT_SERVER: 'Where the command finds the server. Read by the command, not by the server.',
  NIGHTSHIFT_TOKEN: 'The token that the command and the in-app library send. Not read by the server.',
};

export interface EnvironmentSettings {
  readonly value: Record<string, unknown>;
  readonly keys: readonly ConfigKey[];
  readonly offences: readonly Offence[];
}

const isNumeric = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** A text where the schema takes texts, else a number or true/false, else (lists and maps) YAML; what does not fit stays a text for the schema to refuse. */
function readValue(text: string, schema: KeySchema): unknown {
  if (schema.type === 'string') return text;
  if (schema.type === 'array') {
    if (schema.items?.type === 'string' && !text.trim().startsWith('[')) {
      return text === '' ? [] : text.split(',').map((item) => item.trim());
    }
    return parse(text);
  }
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (schema.type === 'object') return parse(text);
  return isNumeric(text) ? Number(text) : text;
}

function assign(root: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  const section = steps.reduce((at, step) => {
    at[step] ??= {};
    return at[step] as Record<string, unknown>;
  }, root);
  section[last] = value;
}

/** Reads every NIGHTSHIFT_ variable; one that is not a key is an offence. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentSettings {
  const known = new Map(configKeys().map((key) => [key.variable, key]));
  const value: Record<string, unknown> = {};
  const keys: ConfigKey[] = [];
  const offences: Offence[] = [];
  for (const [name, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith('NIGHTSHIFT_') || text === undefined || name in otherVariables) continue;
    const key = known.get(name);
    if (!key) {
      const variables = [...known.keys()].map((variable) => variable.slice(11));
      const right = nearest(name.slice(11), variables) ?? longerForm(name.slice(11), variables);
      const hint = right ? `did you mean NIGHTSHIFT_${right}?` : 'docs/reference/configuration.md lists all variables';
      offences.push({ where: name, message: `there is no such variable; ${hint}` });
      continue;
    }
    try {
      assign(value, key.path, readValue(text, key.schema));
      keys.push(key);
    } catch (error) {
      offences.push({ where: name, message: `is not YAML: ${(error as Error).message.split('\n')[0]}` });
    }
  }
  return { value, keys, offences };
}
