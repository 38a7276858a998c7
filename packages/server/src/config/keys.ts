import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The part of JSON Schema that the configuration uses. */
export interface KeySchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly items?: KeySchema;
  readonly additionalProperties?: boolean | KeySchema;
  readonly anyOf?: readonly KeySchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly writeOnly?: boolean;
}

export interface ConfigKey {
  /** `http.maxBodyBytes` */
  readonly path: string;
  /** `NIGHTSHIFT_HTTP_MAX_BODY_BYTES` */
  readonly variable: string;
  readonly secret: boolean;
  readonly schema: KeySchema;
}

export const configJsonSchema = (): KeySchema => z.toJSONSchema(configSchema, { io: 'input' }) as KeySchema;

export const variableOf = (path: string): string =>
  `NIGHTSHIFT_${path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;

/** Every key that has a variable, in the order of the schema; the keys within a list have none. */
export function configKeys(schema: KeySchema = configJsonSchema(), prefix = ''): ConfigKey[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = prefix + name;
    if (child.properties) return configKeys(child, `${path}.`);
    return [{ path, variable: variableOf(path), secret: child.writeOnly === true, schema: child }];
  });
}

/** The schema at a path of keys and list positions, undefined where there is none. */
export function schemaAt(path: readonly PropertyKey[], schema: KeySchema = configJsonSchema()): KeySchema | undefined {
  return path.reduce<KeySchema | undefined>((at, step) => {
    if (typeof step === 'number') return at?.items;
    const others = at?.additionalProperties;
    return at?.properties?.[String(step)] ?? (typeof others === 'object' ? others : undefined);
  }, schema);
}
