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

/** Read by `nightshift agent` alone; `serve` may share its environment. */
export const agentVariables = [
  'NIGHTSHIFT_AGENT_CONFIG',
  'NIGHTSHIFT_AGENT_DIR',
  'NIGHTSHIFT_AGENT_LISTEN',
  'NIGHTSHIFT_AGENT_SPOOL_BYTES',
  'NIGHTSHIFT_AGENT_HOST_METRICS',
  'NIGHTSHIFT_AGENT_TARGETS',
  'NIGHTSHIFT_AGENT_JOB',
  'NIGHTSHIFT_AGENT_INTERVAL',
  'NIGHTSHIFT_AGENT_URL',
  'NIGHTSHIFT_AGENT_TOKEN',
  'NIGHTSHIFT_AGENT_TOKEN_FILE',
  'NIGHTSHIFT_AGENT_EXTERNAL_LABELS',
  'NIGHTSHIFT_AGENT_LOG_LEVEL',
] as const;

export type AgentVariable = (typeof agentVariables)[number];

const isForAgent = (name: string): boolean => (agentVariables as readonly string[]).includes(name);

const agentPrefix = 'NIGHTSHIFT_AGENT_';

/** The name that a variable without meaning was probably to be. */
function rightName(name: string, known: readonly string[]): string | undefined {
  const prefix = name.startsWith(agentPrefix) ? agentPrefix : 'NIGHTSHIFT_';
  const names = (prefix === agentPrefix ? agentVariables : known).map((variable) => variable.slice(prefix.length));
  const word = name.slice(prefix.length);
  const right = nearest(word, names) ?? longerForm(word, names);
  return right && prefix + right;
}

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
    if (!name.startsWith('NIGHTSHIFT_') || text === undefined) continue;
    if (name in otherVariables || isForAgent(name)) continue;
    const key = known.get(name);
    if (!key) {
      const right = rightName(name, [...known.keys()]);
      const hint = right ? `did you mean ${right}?` : 'docs/reference/configuration.md lists all variables';
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
