import { families } from '../listener/metrics.ts';
import { type Key, metadataKeys, queueKeys, remoteWriteKeys } from './remote-write.ts';
import { settings } from './settings.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const keyTable = (keys: Readonly<Record<string, Key>>): string =>
  table(
    ['Key', 'Default', 'Meaning'],
    Object.entries(keys).map(([name, { fallback, meaning }]) => [code(name), fallback, meaning]),
  );

/** The page of everything that can be set and read of the agent, as Markdown. */
export function referencePage(): string {
  const variables = Object.entries(settings).map(([name, { kind, fallback, meaning }]) => [
    code(name),
    kind.words,
    fallback === '' ? 'empty' : code(fallback),
    meaning,
  ]);
  return `# The agent

Generated from \`packages/agent/src\`. \`nightshift agent\` is set by variables and by a Prometheus configuration file, of
which it reads \`global\`, \`scrape_configs\`, \`scrape_config_files\` and \`remote_write\`. A variable or key that does not
exist, and a value that is not allowed, stop the start with a list of everything that is wrong; on a reload what runs goes
on. A duration is a number with \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`, \`w\` or \`y\`, or several of them (\`1h30m\`).

## Variables

${table(['Variable', 'Value', 'Default', 'Meaning'], variables)}

## Each entry of \`remote_write\`

Besides these, the keys of Prometheus' HTTP client: \`basic_auth\`, \`authorization\`, \`oauth2\`, \`tls_config\`,
\`follow_redirects\`, \`http_headers\`, \`proxy_url\` and the other keys of a proxy.

${keyTable(remoteWriteKeys)}

### \`queue_config\`

${keyTable(queueKeys)}

### \`metadata_config\`

${keyTable(metadataKeys)}

## Pages

| Path | What |
| --- | --- |
| \`/metrics\` | The metrics below. |
| \`/targets\`, \`/api/v1/targets\` | All targets, as Prometheus' API shows them; \`state\` and \`scrapePool\` choose. |
| \`/destinations\` | Each destination: whether it takes data (\`up\`), fails (\`down\`) or denies access (\`denied\`), why and since when, and what waits for it. |
| \`/-/reload\` | POST or PUT reads the configuration anew, as SIGHUP does. |
| \`/-/healthy\`, \`/-/ready\` | 200 while the agent runs. |

## Metrics

${table(
  ['Metric', 'Type', 'Meaning'],
  families.map(({ name, type, help }) => [code(name), type, help]),
)}
`;
}
