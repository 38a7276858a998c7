/** How a fallback behaves; what is left out has the default that is named. */
export interface FallbackOptions {
  /** In metrics and errors; from a small fixed set. Default: the name of the first function. */
  readonly name?: string;
  /** Milliseconds that each call may take. Default 10,000. */
  readonly timeoutMs?: number;
  /** Milliseconds for which the last good value may stand in. Default 0: never. */
  readonly staleForMs?: number;
  /** Last good values that are kept. Default 100. */
  readonly staleEntries?: number;
  /** Milliseconds over which failures are counted. Default 10,000. */
  readonly windowMs?: number;
  /** Failures in the window from which on the breaker may open. Default 5. */
  readonly minimumFailures?: number;
  /** Share of failures in the window from which on the breaker opens, above 0 to 1. Default 0.5. */
  readonly failureShare?: number;
  /** Milliseconds for which an open breaker lets nothing through. Default 10,000. */
  readonly restMs?: number;
}

export type Limits = Required<FallbackOptions>;

type NumberKey = Exclude<keyof FallbackOptions, 'name'>;

/** Node's timers hold no longer ones. */
const LONGEST_MS = 2 ** 31 - 1;

const RULES: Readonly<
  Record<NumberKey, { readonly fallback: number; readonly least: number; readonly most: number; readonly whole?: true }>
> = {
  timeoutMs: { fallback: 10_000, least: 1, most: LONGEST_MS },
  staleForMs: { fallback: 0, least: 0, most: Number.MAX_SAFE_INTEGER },
  staleEntries: { fallback: 100, least: 1, most: 1_000_000, whole: true },
  windowMs: { fallback: 10_000, least: 10, most: LONGEST_MS },
  minimumFailures: { fallback: 5, least: 1, most: 1_000_000, whole: true },
  failureShare: { fallback: 0.5, least: Number.MIN_VALUE, most: 1 },
  restMs: { fallback: 10_000, least: 0, most: LONGEST_MS },
};

/** Throws a TypeError that names each key that does not exist or is not allowed, its value, and what is. */
export function limitsOf(options: FallbackOptions, name: string): Limits {
  const problems = Object.entries(options).flatMap(([key, value]) => problemOf(key, value));
  if (problems.length > 0) throw new TypeError(`ns.fallback: ${problems.join('; ')}`);
  const numbers = Object.fromEntries(
    Object.entries(RULES).map(([key, { fallback }]) => [key, options[key as NumberKey] ?? fallback]),
  ) as Record<NumberKey, number>;
  return { ...numbers, name: options.name || name || 'anonymous' };
}

function problemOf(key: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (key === 'name') return typeof value === 'string' ? [] : ['name is not a text'];
  if (!Object.hasOwn(RULES, key)) {
    return [`there is no option ${key}; there are name, ${Object.keys(RULES).join(', ')}`];
  }
  const { least, most, whole } = RULES[key as NumberKey];
  const fits = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
  if (fits) return [];
  const range = key === 'failureShare' ? 'above 0, up to 1' : `from ${least} to ${most}`;
  return [
    `${key}: ${typeof value === 'number' ? value : typeof value} is not allowed; a ${whole ? 'whole ' : ''}number ${range} is`,
  ];
}
