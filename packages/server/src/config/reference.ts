import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorTable } from '../errors/catalogue.ts';
import { otherVariables } from './environment.ts';
import { configJsonSchema, configKeys, type KeySchema } from './keys.ts';
import { allowed } from './offences.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;

function valueWords(schema: KeySchema): string {
  if (schema.pattern?.includes('ms)')) return 'duration';
  if (schema.anyOf?.some((option) => option.pattern?.includes('MiB'))) return 'size in bytes';
  if (schema.anyOf?.some((option) => option.const === 0)) return 'duration or 0';
  if (schema.type === 'array') return 'list';
  const { additionalProperties: entries } = schema;
  if (typeof entries === 'object' && entries.properties) return 'map of sections';
  if (schema.properties || schema.type === 'object') return 'map of texts';
  return allowed(schema);
}

function defaultWords(schema: KeySchema): string {
  if (schema.default === undefined) return 'required';
  return schema.default === '' ? 'empty' : code(JSON.stringify(schema.default).replace(/^"(.*)"$/, '$1'));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function keyRows(): string[][] {
  return configKeys().map(({ path, variable, schema }) => [
    code(path),
    code(variable),
    valueWords(schema),
    defaultWords(schema),
    schema.description ?? '',
  ]);
}

/** The keys of the entries of a list. */
function entryRows(list: KeySchema | undefined): string[][] {
  return Object.entries(list?.items?.properties ?? {}).map(([name, schema]) => [
    code(name),
    valueWords(schema),
    defaultWords(schema),
    schema.description ?? '',
  ]);
}

/** The page of all keys, as Markdown. */
export function configReference(): string {
  return `# Configuration

Generated from \`packages/server/src/config/schema.ts\`. Every key can stand in \`nightshift.yaml\` and in a variable;
the variable wins. A key or variable that does not exist, and a value that is not allowed, stop the start with a list
of everything that is wrong. [configuration.schema.json](configuration.schema.json) is the same for editors.

A duration is a number with \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`, \`w\` or \`y\`, or several of them (\`1h30m\`). A size is a whole number
of bytes, or one with \`KiB\`, \`MiB\`, \`GiB\` or \`TiB\`. A list in a variable is YAML; a list of texts may also be written with commas.

${table(['Key', 'Variable', 'Value', 'Default', 'Meaning'], keyRows())}

## Each entry of \`scrape\`

${table(['Key', 'Value', 'Default', 'Meaning'], entryRows(configJsonSchema().properties?.scrape))}

## Each entry of \`ingest.tokens\`

The name of the token, and any of the keys of \`ingest.limits\`, as in

\`\`\`yaml
ingest:
  limits: { samplesPerSecond: 20000, maxSeries: 100000 }
  tokens:
    batch jobs: { samplesPerSecond: 2000, burst: 100000 }
\`\`\`

[Limits](../guides/limits.md) says what a sender is told, and where to see what was refused.

## Each entry of \`retention.metricRules\`

${table(
  ['Key', 'Value', 'Default', 'Meaning'],
  entryRows(configJsonSchema().properties?.retention?.properties?.metricRules),
)}

## Other variables

${table(
  ['Variable', 'Meaning'],
  Object.entries(otherVariables).map(([name, meaning]) => [code(name), meaning]),
)}
`;
}

/** The JSON Schema of `nightshift.yaml` (draft 2020-12). */
export const configSchemaPage = (): string => `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

/** The page of all errors, as Markdown. */
export function errorReference(): string {
  return `# Errors

Generated from \`packages/server/src/errors/catalogue.ts\`. Over HTTP an error is \`{"error": {"code", "message"}}\`; words in
braces are filled in.

${table(
  ['Code', 'Status', 'Message'],
  errorTable().map(({ code: name, status, template }) => [code(name), String(status), template]),
)}
`;
}

/** Every generated page by its name in docs/reference. */
export const referencePages = (): Record<string, string> => ({
  'configuration.md': configReference(),
  'configuration.schema.json': configSchemaPage(),
  'errors.md': errorReference(),
});

/** Writes the generated pages into `dir` (docs/reference). */
export function writeReference(dir: string): void {
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(referencePages())) writeFileSync(join(dir, name), text);
}
