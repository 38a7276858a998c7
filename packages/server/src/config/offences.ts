import type { z } from 'zod';
import type { Offence } from './config-error.ts';
import { configKeys, type KeySchema, schemaAt } from './keys.ts';
import { nearest } from './nearest.ts';

type Issue = z.core.$ZodIssue;

function quoted(value: unknown, secret: boolean): string {
  if (secret) return 'a hidden value';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | null | undefined)?.[step], input);

const pathName = (path: readonly PropertyKey[]): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`)).join('');

const typeNames: Record<string, string> = {
  object: 'a section of keys',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
};

/** What a value of this schema may be, in words. */
export function allowed(schema: KeySchema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  const kind = typeNames[schema.type ?? ''] ?? `a ${schema.type ?? 'value'}`;
  const least = schema.exclusiveMinimum !== undefined ? `above ${schema.exclusiveMinimum}` : schema.minimum;
  const most = schema.exclusiveMaximum !== undefined ? `below ${schema.exclusiveMaximum}` : schema.maximum;
  const unbounded = most === undefined || most === Number.MAX_SAFE_INTEGER;
  if (least === undefined && unbounded) return kind;
  if (unbounded) return typeof least === 'number' ? `${kind} of at least ${least}` : `${kind} ${least}`;
  if (least === undefined) return `${kind} of at most ${most}`;
  return `${kind}, ${typeof least === 'number' ? `from ${least}` : least} ${typeof most === 'number' ? `to ${most}` : `and ${most}`}`;
}

function unknownKey(key: string, path: readonly PropertyKey[]): string {
  const siblings = Object.keys(schemaAt(path)?.properties ?? {});
  const right = nearest(key, siblings);
  const name = pathName([...path, key]);
  if (right) return `there is no key \`${name}\`; did you mean \`${pathName([...path, right])}\`?`;
  const elsewhere = configKeys()
    .map((known) => known.path)
    .filter((known) => nearest(key, [known.split('.').at(-1) as string]));
  const hint = elsewhere.length > 0 ? ` (\`${elsewhere.join('`, `')}\` exists)` : '';
  return `there is no key \`${name}\`; allowed here: ${siblings.join(', ')}${hint}`;
}

// Messages given in the schema begin with "must"; zod's own do not.
function wrongValue(issue: Issue, input: unknown): string {
  const schema = schemaAt(issue.path);
  const must = issue.message.startsWith('must') ? issue.message : `must be ${allowed(schema ?? {})}`;
  const value = valueAt(input, issue.path);
  // A relation between two keys may be broken by a default, which is not in the input.
  if (value === undefined && issue.code !== 'custom') return `\`${pathName(issue.path)}\` is missing; it ${must}`;
  const got =
    value === undefined || (typeof value === 'object' && value !== null)
      ? ''
      : `, not ${quoted(value, schema?.writeOnly === true)}`;
  return `\`${pathName(issue.path) || 'the whole'}\` ${must}${got}`;
}

/** The schema's complaints about `input` in words; `where` finds the place of a path. */
export function describeIssues(
  issues: readonly Issue[],
  input: unknown,
  where: (path: readonly PropertyKey[]) => string,
): Offence[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ where: where([...issue.path, key]), message: unknownKey(key, issue.path) }));
    }
    if (issue.code === 'invalid_key') {
      const key = String(issue.path.at(-1));
      const message = `\`${pathName(issue.path)}\`: the key ${JSON.stringify(key)} ${issue.issues[0]?.message ?? 'is not allowed'}`;
      return [{ where: where(issue.path), message }];
    }
    return [{ where: where(issue.path), message: wrongValue(issue, input) }];
  });
}
