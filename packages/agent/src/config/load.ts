import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  defaultGlobal,
  loadScrapeFile,
  readGlobal,
  readScrapeConfig,
  readYaml,
  type ScrapeConfig,
  ScrapeConfigError,
} from '@nightshift/server/collect';
import type { Labels } from '@nightshift/wire';
import { type RemoteWriteConfig, readRemoteWrites, simpleRemoteWrite } from './remote-write.ts';
import { readSettings, type Settings } from './settings.ts';

export interface AgentConfig {
  readonly settings: Settings;
  /** '' where there is none. */
  readonly file: string;
  readonly dataDir: string;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly remoteWrites: readonly RemoteWriteConfig[];
  readonly externalLabels: Labels;
  /** Keys of the file that the agent does nothing with. */
  readonly unused: readonly string[];
}

export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** What the command line says in place of variables. */
  readonly configFile?: string | undefined;
  readonly dir?: string | undefined;
}

/** What keeps the agent from starting or reloading: everything that is wrong, one line each. */
export class AgentConfigError extends Error {
  // The command prints the message alone for an error of this name.
  override readonly name = 'NightshiftError';
  constructor(readonly offences: readonly string[]) {
    super(
      `The configuration of the agent is not right; nothing was changed.\n${offences.map((one) => `  ${one}`).join('\n')}`,
    );
  }
}

interface FromFile {
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly remoteWrites: readonly RemoteWriteConfig[];
  readonly externalLabels: Labels;
  readonly unused: readonly string[];
}

const nothing: FromFile = { scrapeConfigs: [], remoteWrites: [], externalLabels: new Map(), unused: [] };

/** Runs `read`; what it finds wrong goes to `offences`. */
function gathering<T>(offences: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ScrapeConfigError)) throw error;
    offences.push(...error.offences.filter((offence) => !offences.includes(offence)));
    return undefined;
  }
}

function lineOf(offence: string, file: string): number {
  const [, line] = offence.startsWith(`${file}:`) ? (/^:(\d+):/.exec(offence.slice(file.length)) ?? []) : [];
  return line === undefined ? Number.POSITIVE_INFINITY : Number(line);
}

function readFile(file: string, offences: string[]): FromFile {
  const found: string[] = [];
  const scrape = gathering(found, () => loadScrapeFile(file));
  // A file that is not there, or not YAML, has been said.
  const isReadable = scrape !== undefined || found.every((offence) => /:\d+: \S+: /.test(offence.slice(file.length)));
  const remoteWrites = isReadable
    ? gathering(found, () => {
        const dir = dirname(file);
        return readYaml(readFileSync(file, 'utf8'), file, (root) =>
          readRemoteWrites(root.get('remote_write'), readGlobal(root.get('global')), dir),
        );
      })
    : undefined;
  offences.push(...found.sort((a, b) => lineOf(a, file) - lineOf(b, file)));
  if (!scrape || !remoteWrites) return nothing;
  return {
    scrapeConfigs: scrape.configs,
    remoteWrites,
    externalLabels: scrape.global.externalLabels,
    unused: scrape.unused.filter((key) => key !== 'remote_write'),
  };
}

/** The job of the targets that variables name, read as if it stood in a file. */
function simpleJob(settings: Settings, taken: readonly ScrapeConfig[], offences: string[]): ScrapeConfig[] {
  const targets = settings.NIGHTSHIFT_AGENT_TARGETS;
  const jobName = settings.NIGHTSHIFT_AGENT_JOB;
  if (targets.length === 0) return [];
  if (taken.some((config) => config.jobName === jobName)) {
    offences.push(`NIGHTSHIFT_AGENT_JOB: ${JSON.stringify(jobName)} is a job of the file already`);
  }
  const intervalMs = settings.NIGHTSHIFT_AGENT_INTERVAL;
  const global = { ...defaultGlobal, intervalMs, timeoutMs: Math.min(10_000, intervalMs) };
  const job = gathering(offences, () =>
    readYaml(
      JSON.stringify({ job_name: jobName, scrape_native_histograms: 'true', static_configs: [{ targets }] }),
      'NIGHTSHIFT_AGENT_TARGETS',
      (root) => readScrapeConfig(root, global, '.'),
    ),
  );
  return job ? [job] : [];
}

/** Reads the variables and the file. Throws AgentConfigError with everything that is wrong with both. */
export function loadConfig({ env, cwd, configFile, dir }: ConfigSource): AgentConfig {
  const { values: settings, offences: found } = readSettings(env);
  const offences = [...found];
  const written = configFile ?? settings.NIGHTSHIFT_AGENT_CONFIG;
  const file = written === '' ? '' : resolve(cwd, written);
  const fromFile = file === '' ? nothing : readFile(file, offences);
  const jobs = simpleJob(settings, fromFile.scrapeConfigs, offences);
  const url = settings.NIGHTSHIFT_AGENT_URL;
  const destination =
    url === '' ? [] : [simpleRemoteWrite(url, settings.NIGHTSHIFT_AGENT_TOKEN, settings.NIGHTSHIFT_AGENT_TOKEN_FILE)];
  const remoteWrites = [...fromFile.remoteWrites, ...destination];
  if (fromFile.remoteWrites.some(({ name }) => name === url)) {
    offences.push(`NIGHTSHIFT_AGENT_URL: ${url} is a destination of the file already`);
  }
  if (offences.length === 0 && remoteWrites.length === 0) {
    offences.push('there is nowhere to send to: set NIGHTSHIFT_AGENT_URL, or write `remote_write` into the file');
  }
  if (offences.length > 0) throw new AgentConfigError(offences);
  return {
    settings,
    file,
    dataDir: resolve(cwd, dir ?? settings.NIGHTSHIFT_AGENT_DIR),
    scrapeConfigs: [...fromFile.scrapeConfigs, ...jobs],
    remoteWrites,
    externalLabels: new Map([...settings.NIGHTSHIFT_AGENT_EXTERNAL_LABELS, ...fromFile.externalLabels]),
    unused: fromFile.unused,
  };
}
