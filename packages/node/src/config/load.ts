import { longerForm, nearest } from '@nightshift/server/config/nearest';
import { type Key, type KeyName, keys, type Options, type Values } from './keys.ts';
import { serviceVariables } from './service-variables.ts';
import { NotAllowed } from './values.ts';

/** Thrown for options that are not allowed, with all that is wrong, a line each: it ends the start, as it is in the code. */
export class OptionsError extends Error {
  override readonly name = 'NightshiftOptionsError';

  constructor(readonly problems: readonly string[]) {
    super(`@nightshift/node cannot be set up:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

/** An effective value and where it came from: `option`, the name of a variable, or `default`. Secrets are not shown. */
export interface Shown {
  readonly name: KeyName;
  readonly value: unknown;
  readonly from: string;
}

export interface Loaded {
  readonly values: Values;
  readonly shown: readonly Shown[];
  /** What is wrong in the environment: said once and loudly; the application starts all the same. */
  readonly complaints: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** OpenTelemetry's variables with a meaning here that is not the value of one key. */
const alsoRead = ['OTEL_SDK_DISABLED', 'OTEL_TRACES_SAMPLER'] as const;

export const readVariables: readonly string[] = [
  ...Object.values<Key>(keys).flatMap(({ variables, bySignal = [] }) => [...variables, ...bySignal]),
  ...alsoRead,
];

/**
 * Options win over variables, variables over defaults. Throws OptionsError for options; the environment is complained of.
 * `parts` are the names that `without` may have; any, where they are not given.
 */
export function loadConfig(options: Options, environment: Environment, parts?: readonly string[]): Loaded {
  const problems = problemsOf(options);
  if (problems.length === 0) problems.push(...unknownParts(options.without, parts).map((text) => `without: ${text}`));
  if (problems.length > 0) throw new OptionsError(problems);
  const complaints = unknownVariables(environment);
  const shown: Shown[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, key] of entries()) {
    const { value, from } = effective(name, key, options, environment, complaints);
    values[name] = value;
    shown.push({ name, value: key.secret && isSet(value) ? '[hidden]' : value, from });
  }
  const { from } = shown.find(({ name }) => name === 'without')!;
  complaints.push(...unknownParts(values.without as readonly string[], parts).map((text) => `${from}: ${text}`));
  return { values: values as unknown as Values, shown, complaints };
}

/** Whoever names one believes that it is left alone. */
const unknownParts = (without: readonly string[] = [], parts: readonly string[] = without): string[] =>
  without
    .filter((name) => !parts.includes(name))
    .map((name) => {
      const right = meant(name, parts) || `; there are ${[...new Set(parts)].sort().join(', ')}`;
      return `nothing here is named ${asText(name)}${right}`;
    });

const entries = () => Object.entries(keys) as [KeyName, Key][];

const isSet = (value: unknown): boolean =>
  value !== '' && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0);

const show = (key: Key, value: unknown): string => (key.secret ? '[hidden]' : asText(value));

function asText(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 200);
  } catch {
    return `something of type ${typeof value}`;
  }
}

function problemsOf(options: Options): string[] {
  if (typeof options !== 'object' || options === null)
    return [`the options are ${asText(options)}; an object is wanted`];
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const key = (keys as Readonly<Record<string, Key>>)[name];
    if (!key || !Object.hasOwn(keys, name))
      return [`${name}: there is no such option${meant(name, Object.keys(keys))}`];
    try {
      key.kind.check(value);
      return [];
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      return [`${name}: ${show(key, value)} is not allowed; ${error.message} is`];
    }
  });
}

const meant = (name: string, known: readonly string[]): string => {
  const right = nearest(name, known);
  return right ? `; did you mean ${right}?` : '';
};

function effective(
  name: KeyName,
  key: Key,
  options: Options,
  environment: Environment,
  complaints: string[],
): { value: unknown; from: string } {
  const given = options[name];
  if (given !== undefined) return { value: key.kind.check(given), from: 'option' };
  if (name === 'enabled' && environment.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') {
    if (!environment.METRICS_ENABLED) return { value: false, from: 'OTEL_SDK_DISABLED' };
  }
  if (name === 'traceRate' && !environment.METRICS_TRACE_RATE) {
    const fixed = fixedRate(environment.OTEL_TRACES_SAMPLER);
    if (fixed !== undefined) return { value: fixed, from: 'OTEL_TRACES_SAMPLER' };
  }
  const wrong: string[] = [];
  const read = (variable: string): { value: unknown; from: string } | undefined => {
    const text = environment[variable];
    // An empty variable is one that is not set, as in OpenTelemetry.
    if (text === undefined || text.trim() === '') return undefined;
    try {
      return { value: key.kind.read(text), from: variable };
    } catch (error) {
      if (!(error instanceof NotAllowed)) throw error;
      wrong.push(`${variable}: ${show(key, text)} is not allowed; ${error.message} is.`);
      return undefined;
    }
  };
  let used: { value: unknown; from: string } | undefined;
  for (const variable of key.variables) used ??= read(variable);
  used ??= { value: key.fallback, from: 'default' };
  for (const variable of key.bySignal ?? []) read(variable);
  // The default of a secret is none.
  const shown = used.from === 'default' ? asText(used.value) : show(key, used.value);
  complaints.push(...wrong.map((problem) => `${problem} ${shown} is used instead.`));
  return used;
}

/** `always_on` and `always_off`, with and without a parent, say the rate without an argument. */
function fixedRate(sampler = ''): number | undefined {
  if (/always_on$/.test(sampler)) return 1;
  return /always_off$/.test(sampler) ? 0 : undefined;
}

/** Variables that look like ours and are not: whoever wrote one believes that it does something. */
function unknownVariables(environment: Environment): string[] {
  const known = [...readVariables, ...serviceVariables];
  return Object.keys(environment).flatMap((name) => {
    if (known.includes(name)) return [];
    if (name.startsWith('OTEL_EXPORTER_OTLP_') && environment[name]?.trim()) return [unreadOfOtlp(name, known)];
    if (!/^(METRICS|NIGHTSHIFT)_/.test(name)) return [];
    const [prefix = ''] = name.split('_', 1);
    const candidates = known.filter((one) => one.startsWith(`${prefix}_`)).map((one) => one.slice(prefix.length + 1));
    const word = name.slice(prefix.length + 1);
    const right = nearest(word, candidates) ?? longerForm(word, candidates);
    return [`${name} is set, and nothing reads it${right ? `; did you mean ${prefix}_${right}?` : '.'}`];
  });
}

/** OpenTelemetry has most of these for each signal too; whoever sets one alone would wait for data that goes elsewhere. */
function unreadOfOtlp(name: string, known: readonly string[]): string {
  const general = name.replace(/^OTEL_EXPORTER_OTLP_(TRACES|METRICS|LOGS)_/, 'OTEL_EXPORTER_OTLP_');
  const instead = general !== name && known.includes(general) ? `; ${general} is read, for all signals.` : '.';
  return `${name} is set, and @nightshift/node does not read it${instead}`;
}
