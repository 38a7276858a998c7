/** Parts of a JSON value whose shape nobody promised: what is missing or of another kind is empty. */
export type Fields = Readonly<Record<string, unknown>>;

const nothing: Fields = {};

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : nothing;

export const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const textsOf = (value: unknown): readonly string[] =>
  itemsOf(value).filter((item): item is string => typeof item === 'string');

export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

export const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** Undefined where it is left out. */
export const optionalText = (value: unknown): string | undefined => (isSet(value) ? textOf(value) : undefined);

export const optionalNumber = (value: unknown): number | undefined => (isSet(value) ? numberOf(value) : undefined);

/** `true` or `false` as text. */
export const optionalFlag = (value: unknown): string | undefined =>
  typeof value === 'boolean' ? String(value) : undefined;

export type Pairs = readonly (readonly [name: string, value: string])[];

/** The texts of a map. */
export const pairsOf = (value: unknown): Pairs =>
  Object.entries(fieldsOf(value)).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : []));
