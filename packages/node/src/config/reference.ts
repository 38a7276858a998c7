import { type Key, keys } from './keys.ts';

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');

function defaultOf({ fallback }: Key): string {
  if (fallback === '') return 'empty';
  if (typeof fallback !== 'object') return code(String(fallback));
  const entries = Object.entries(fallback as object);
  if (entries.length === 0) return 'none';
  return code(entries.map(([name, value]) => (name === 'default' ? String(value) : `${name}=${value}`)).join(','));
}

/** The page of all settings of the library, as Markdown. */
export function settingsReference(): string {
  const rows = Object.entries(keys as Readonly<Record<string, Key>>).map(([name, key]) =>
    [
      code(name),
      [...key.variables, ...(key.bySignal ?? [])].map(code).join(' or '),
      key.kind.allowed,
      defaultOf(key),
      key.help,
    ]
      .map(cell)
      .join(' | '),
  );
  return `# Settings of @nightshift/node

Generated from \`packages/node/src/config/keys.ts\`. An option in code wins over a variable, a variable over the default.
An option that does not exist or is not allowed is a type error and a thrown one. A variable that begins with \`METRICS_\`
or \`NIGHTSHIFT_\` and means nothing, and a value that is not allowed, are said once at start, with the right name or
what is allowed; the application starts all the same. \`ns.config()\` and the dashboard show every effective value and
where it came from.

| Option | Variable | Value | Default | Meaning |
| --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}

\`OTEL_SDK_DISABLED=true\` is \`METRICS_ENABLED=false\`. \`OTEL_TRACES_SAMPLER\` with \`always_on\` or \`always_off\` sets the rate of
traces to 1 or 0; with the other samplers of OpenTelemetry \`OTEL_TRACES_SAMPLER_ARG\` is the rate.
`;
}
