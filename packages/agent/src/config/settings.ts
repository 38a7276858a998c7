import {
  type AgentVariable,
  durationMs,
  durationPattern,
  isLabelName,
  nearest,
  sizeOf,
} from '@nightshift/server/collect';

/** A value of a variable that cannot be; the message says what would be right. */
class Mistake extends Error {}

interface Kind<T> {
  /** For the reference page. */
  readonly words: string;
  read(text: string): T;
}

interface Setting<T> {
  readonly kind: Kind<T>;
  /** As it would be written. */
  readonly fallback: string;
  readonly meaning: string;
}

const setting = <T>(kind: Kind<T>, fallback: string, meaning: string): Setting<T> => ({ kind, fallback, meaning });

const text: Kind<string> = { words: 'a text', read: (written) => written };

const list: Kind<readonly string[]> = {
  words: 'list with commas',
  read: (written) =>
    written
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
};

const duration: Kind<number> = {
  words: 'duration',
  read: (written) => {
    if (durationPattern.test(written) && durationMs(written) > 0) return durationMs(written);
    throw new Mistake('is not a duration such as 15s or 1m30s');
  },
};

const flag: Kind<boolean> = {
  words: '`true` or `false`',
  read: (written) => {
    if (written === 'true' || written === 'false') return written === 'true';
    throw new Mistake('must be true or false');
  },
};

/** Below this a spool cannot hold two segments of a useful size. */
const leastSpoolBytes = 1024 * 1024;

const spoolSize: Kind<number> = {
  words: 'size in bytes, from `1MiB`',
  read: (written) => {
    const bytes = /^\d{1,15}$/.test(written) ? Number(written) : sizeOf(written);
    if (bytes !== undefined && bytes >= leastSpoolBytes) return bytes;
    throw new Mistake('is not a size of at least 1MiB such as 512MiB or 2GiB');
  },
};

const url: Kind<string> = {
  words: 'an address that begins with `http://` or `https://`',
  read: (written) => {
    if (written === '' || (/^https?:\/\/[^/]+/.test(written) && URL.canParse(written))) return written;
    throw new Mistake('is not an address that begins with http:// or https://');
  },
};

export interface Address {
  readonly host: string;
  readonly port: number;
}

const address: Kind<Address> = {
  words: '`host:port`; port 0 takes any free one',
  read: (written) => {
    const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(written) ?? [];
    if (host !== '' && Number(port) < 65536) return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
    throw new Mistake('is not host:port such as 127.0.0.1:4310');
  },
};

const labels: Kind<ReadonlyMap<string, string>> = {
  words: '`name=value` with commas',
  read: (written) => {
    const found = new Map<string, string>();
    for (const item of list.read(written)) {
      const at = item.indexOf('=');
      if (at < 1 || !isLabelName(item.slice(0, at), 'utf8')) throw new Mistake('is not name=value,name=value');
      found.set(item.slice(0, at), item.slice(at + 1));
    }
    return found;
  },
};

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const logLevel: Kind<(typeof logLevels)[number]> = {
  words: `one of ${logLevels.join(', ')}`,
  read: (written) => {
    const found = logLevels.find((level) => level === written);
    if (found) return found;
    throw new Mistake(`must be one of ${logLevels.join(', ')}`);
  },
};

/** Everything of the agent that does not stand in Prometheus' file, by its variable. The reference page is made of it. */
export const settings = {
  NIGHTSHIFT_AGENT_CONFIG: setting(
    text,
    '',
    'Prometheus configuration file with `scrape_configs` and `remote_write`. `--config` wins. Empty: the variables alone.',
  ),
  NIGHTSHIFT_AGENT_DIR: setting(
    text,
    '.nightshift-agent',
    'Directory of the spools. A relative path counts from the working directory. `--dir` wins.',
  ),
  NIGHTSHIFT_AGENT_LISTEN: setting(
    address,
    '127.0.0.1:4310',
    "Where the agent's own pages are: metrics, targets, health, reload. Nothing there needs a password: keep it on loopback or behind a firewall.",
  ),
  NIGHTSHIFT_AGENT_SPOOL_BYTES: setting(
    spoolSize,
    '512MiB',
    'What may wait on disk for each destination, compressed. Beyond it the oldest is dropped, counted and logged.',
  ),
  NIGHTSHIFT_AGENT_HOST_METRICS: setting(
    flag,
    'false',
    'Whether this host is measured as well: CPU, memory, disks, network, filesystems and load, by the names of node_exporter, with the label `job="node"`.',
  ),
  NIGHTSHIFT_AGENT_TARGETS: setting(
    list,
    '',
    'Targets as `host:port`, scraped beside those of the file at `/metrics`.',
  ),
  NIGHTSHIFT_AGENT_JOB: setting(text, 'agent', 'Label `job` of the targets of NIGHTSHIFT_AGENT_TARGETS.'),
  NIGHTSHIFT_AGENT_INTERVAL: setting(
    duration,
    '15s',
    'Time between two scrapes of the targets of NIGHTSHIFT_AGENT_TARGETS, and between two measurements of the host.',
  ),
  NIGHTSHIFT_AGENT_URL: setting(
    url,
    '',
    'A destination beside those of the file: where remote write is taken, such as `http://127.0.0.1:4300/api/v1/write`.',
  ),
  NIGHTSHIFT_AGENT_TOKEN: setting(text, '', 'Bearer token for NIGHTSHIFT_AGENT_URL.'),
  NIGHTSHIFT_AGENT_TOKEN_FILE: setting(
    text,
    '',
    'File with the bearer token for NIGHTSHIFT_AGENT_URL, read again whenever it is needed.',
  ),
  NIGHTSHIFT_AGENT_EXTERNAL_LABELS: setting(
    labels,
    '',
    'Labels that every series gets unless it has them, beside `external_labels` of the file, which win.',
  ),
  NIGHTSHIFT_AGENT_LOG_LEVEL: setting(logLevel, 'info', 'Least severity of log lines.'),
} as const satisfies Record<AgentVariable, unknown>;

type Variables = typeof settings;
export type Variable = keyof Variables;

/** The value of every variable. */
export type Settings = { readonly [Name in Variable]: Variables[Name] extends Setting<infer T> ? T : never };

const prefix = 'NIGHTSHIFT_AGENT_';

/** Reads all variables of the agent; `offences` has each that does not exist or cannot be read. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): {
  readonly values: Settings;
  readonly offences: readonly string[];
} {
  const offences: string[] = [];
  const names = Object.keys(settings);
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith(prefix) || env[name] === undefined || names.includes(name)) continue;
    const right = nearest(
      name.slice(prefix.length),
      names.map((known) => known.slice(prefix.length)),
    );
    const hint = right ? `did you mean ${prefix}${right}?` : `allowed: ${names.join(', ')}`;
    offences.push(`${name}: there is no such variable; ${hint}`);
  }
  const values = Object.entries(settings).map(([name, one]) => {
    const written = env[name] || one.fallback;
    try {
      return [name, one.kind.read(written)] as const;
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      offences.push(`${name}: ${JSON.stringify(written)} ${error.message}`);
      return [name, one.kind.read(one.fallback)] as const;
    }
  });
  const all = Object.fromEntries(values) as Settings;
  if (all.NIGHTSHIFT_AGENT_TOKEN !== '' && all.NIGHTSHIFT_AGENT_TOKEN_FILE !== '') {
    offences.push('NIGHTSHIFT_AGENT_TOKEN: at most one of it and NIGHTSHIFT_AGENT_TOKEN_FILE may be set');
  }
  const needUrl = ['NIGHTSHIFT_AGENT_TOKEN', 'NIGHTSHIFT_AGENT_TOKEN_FILE'] as const;
  for (const name of needUrl) {
    if (all[name] !== '' && all.NIGHTSHIFT_AGENT_URL === '') {
      offences.push(`${name}: is for NIGHTSHIFT_AGENT_URL, which is not set`);
    }
  }
  return { values: all, offences };
}
