import {
  compileRelabelling,
  defaultHttpClient,
  type GlobalConfig,
  type HttpClientConfig,
  httpClientKeys,
  type NameValidation,
  type RelabelRule,
  readHttpClient,
  readRelabelRules,
  type YamlNode,
} from '@nightshift/server/collect';

/** Remote write 1.0 and 2.0, by the names that their content types have. */
const protobufMessages = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'] as const;

export type ProtobufMessage = (typeof protobufMessages)[number];

export interface QueueConfig {
  /** Requests that are under way at once at most; those of one target keep their order. */
  readonly maxShards: number;
  readonly maxSamplesPerSend: number;
  /** How long to wait for more before a request that is not full is sent. */
  readonly batchSendDeadlineMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** 0 for none. */
  readonly sampleAgeLimitMs: number;
}

/** One destination with everything filled in. Plain data: two that are equal as JSON do the same. */
export interface RemoteWriteConfig {
  /** Unique among the destinations; its spool is found by it. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protobufMessage: ProtobufMessage;
  readonly timeoutMs: number;
  readonly relabel: readonly RelabelRule[];
  readonly nameValidation: NameValidation;
  readonly exemplars: boolean;
  readonly nativeHistograms: boolean;
  readonly metadata: boolean;
  readonly http: HttpClientConfig;
  readonly queue: QueueConfig;
}

export const defaultQueue: QueueConfig = {
  maxShards: 8,
  maxSamplesPerSend: 2000,
  batchSendDeadlineMs: 1000,
  minBackoffMs: 30,
  maxBackoffMs: 5000,
  sampleAgeLimitMs: 0,
};

export interface Key {
  /** '' where it is accepted and does nothing. */
  readonly fallback: string;
  readonly meaning: string;
}

const key = (fallback: string, meaning: string): Key => ({ fallback, meaning });

const noEffect = 'Accepted, without effect: ';

/** The keys of `queue_config`, for the reader and the reference page. */
export const queueKeys: Readonly<Record<string, Key>> = {
  max_shards: key('8', 'Requests that are under way at once at most. What comes from one target keeps its order.'),
  max_samples_per_send: key('2000', 'Samples of a request at most, unless a single series has more.'),
  batch_send_deadline: key('1s', 'How long a request that is not full waits for more.'),
  min_backoff: key('30ms', 'Wait before the first repeat; doubled each time, with jitter.'),
  max_backoff: key('5s', 'Longest wait between repeats, unless the server asks for more with `Retry-After`.'),
  sample_age_limit: key('0s', 'Age at which a sample is no longer sent, but dropped and counted; 0 sends everything.'),
  retry_on_http_429: key('true', `${noEffect}429 is always tried again.`),
  capacity: key('', `${noEffect}what waits is on disk, not in memory.`),
  min_shards: key('', `${noEffect}a shard that has nothing to send costs nothing.`),
};

/** The keys of an entry of `remote_write` that are not those of Prometheus' HTTP client. */
export const remoteWriteKeys: Readonly<Record<string, Key>> = {
  url: key('required', 'Where requests go.'),
  name: key(
    'made of the URL',
    'Name in metrics and logs. The spool belongs to the name: what waits is found again by it.',
  ),
  remote_timeout: key('30s', 'Time in which a request must have been answered.'),
  headers: key('none', 'Headers of every request.'),
  write_relabel_configs: key('none', 'Relabelling of what goes to this destination, after `external_labels`.'),
  send_exemplars: key('false', 'Whether exemplars are sent.'),
  send_native_histograms: key(
    'false',
    'Whether native histograms are sent; those with custom buckets go by remote write 2.0 only.',
  ),
  protobuf_message: key(
    'prometheus.WriteRequest',
    'That, which is remote write 1.0, or `io.prometheus.write.v2.Request`, which is 2.0. To a destination that does not understand 2.0, 1.0 is sent until the next reload.',
  ),
  queue_config: key('see below', 'How requests are made and repeated.'),
  metadata_config: key('see below', 'Whether types, helps and units of metrics are sent.'),
  round_robin_dns: key('', `${noEffect}a connection goes to the address that the name has when it is opened.`),
};

export const metadataKeys: Readonly<Record<string, Key>> = {
  send: key(
    'true',
    'Whether metadata is sent: in 1.0 with the first scrape of a target, and when it changes; in 2.0 it is always sent, at each series.',
  ),
  send_interval: key('', `${noEffect}metadata goes with the samples.`),
  max_samples_per_send: key('', `${noEffect}metadata goes with the samples.`),
};

/** Ways to sign that Prometheus has and the agent has not. */
const foreign = ['sigv4', 'azuread', 'google_iam'];

const reserved =
  /^(content-encoding|content-type|x-prometheus-remote-write-version|user-agent|authorization|host|content-length)$/i;

function readQueue(node: YamlNode): QueueConfig {
  node.expectKeys(Object.keys(queueKeys));
  const atLeastOne = (name: string, fallback: number): number => {
    const count = node.get(name).count(fallback);
    if (count < 1) node.get(name).fail('must be at least 1');
    return Math.max(1, count);
  };
  const maxShards = atLeastOne('max_shards', defaultQueue.maxShards);
  atLeastOne('capacity', 1);
  // Checked, although a shard is made as soon as it is needed: a file that Prometheus refuses is no other file here.
  const minShards = atLeastOne('min_shards', 1);
  if (minShards > maxShards) node.get('min_shards').fail('must not be more than max_shards');
  node.get('retry_on_http_429').flag(true);
  const minBackoffMs = node.get('min_backoff').duration(defaultQueue.minBackoffMs);
  const maxBackoffMs = node.get('max_backoff').duration(Math.max(defaultQueue.maxBackoffMs, minBackoffMs));
  if (minBackoffMs > maxBackoffMs) node.get('min_backoff').fail('must not be longer than max_backoff');
  return {
    maxShards,
    maxSamplesPerSend: atLeastOne('max_samples_per_send', defaultQueue.maxSamplesPerSend),
    batchSendDeadlineMs: node.get('batch_send_deadline').duration(defaultQueue.batchSendDeadlineMs),
    minBackoffMs: Math.max(1, minBackoffMs),
    maxBackoffMs: Math.max(1, maxBackoffMs),
    sampleAgeLimitMs: node.get('sample_age_limit').duration(0),
  };
}

function readHeaders(node: YamlNode): Record<string, string> {
  const headers = node.textMap();
  for (const name of headers.keys()) {
    if (reserved.test(name)) node.get(name).fail(`${name} is a header that the agent sets itself`);
    else if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) node.get(name).fail('is not the name of a header');
  }
  return Object.fromEntries(headers);
}

function readUrl(node: YamlNode): string {
  const written = node.text();
  if (written === '') node.fail('url for remote_write is empty');
  else if (!/^https?:\/\/[^/]+/.test(written) || !URL.canParse(written)) {
    node.fail(`${JSON.stringify(written)} is not an address that begins with http:// or https://`);
  }
  return written;
}

function readMetadata(node: YamlNode): boolean {
  node.expectKeys(Object.keys(metadataKeys));
  node.get('send_interval').duration(0);
  node.get('max_samples_per_send').count();
  return node.get('send').flag(true);
}

function readOne(
  node: YamlNode,
  { nameValidation }: Pick<GlobalConfig, 'nameValidation'>,
  dir: string,
): RemoteWriteConfig {
  if (node.isEmpty) node.fail('empty or null remote write config section');
  node.expectKeys([...Object.keys(remoteWriteKeys), ...httpClientKeys], (name) =>
    foreign.includes(name) ? `${name} is not supported` : '',
  );
  const url = node.isEmpty ? '' : readUrl(node.get('url'));
  const relabel = readRelabelRules(
    node.get('write_relabel_configs'),
    nameValidation,
    'relabeling rule in remote write config',
  );
  node.get('round_robin_dns').flag(false);
  return {
    name: node.get('name').text() || url,
    url,
    headers: readHeaders(node.get('headers')),
    protobufMessage: node.get('protobuf_message').oneOf(protobufMessages, 'prometheus.WriteRequest'),
    timeoutMs: node.get('remote_timeout').duration(30_000) || 30_000,
    relabel,
    nameValidation,
    exemplars: node.get('send_exemplars').flag(false),
    nativeHistograms: node.get('send_native_histograms').flag(false),
    metadata: readMetadata(node.get('metadata_config')),
    http: readHttpClient(node, dir),
    queue: readQueue(node.get('queue_config')),
  };
}

/** Reads the list `remote_write`; paths in it count from `dir`. */
export function readRemoteWrites(
  node: YamlNode,
  global: Pick<GlobalConfig, 'nameValidation'>,
  dir: string,
): RemoteWriteConfig[] {
  const found: RemoteWriteConfig[] = [];
  for (const item of node.items()) {
    const config = readOne(item, global, dir);
    const same = found.filter(({ name }) => name === config.name).length;
    const isNamed = item.get('name').text() !== '';
    if (same > 0 && isNamed) {
      item.get('name').fail(`found multiple remote write configs with name ${JSON.stringify(config.name)}`);
    }
    // Two entries may send to one address, and each has a spool of its own.
    found.push(same > 0 ? { ...config, name: `${config.name}#${same + 1}` } : config);
  }
  return found;
}

/** The destination that variables name: everything that was scraped goes there. */
export const simpleRemoteWrite = (url: string, token: string, tokenFile: string): RemoteWriteConfig => ({
  name: url,
  url,
  headers: {},
  protobufMessage: 'prometheus.WriteRequest',
  timeoutMs: 30_000,
  relabel: [],
  nameValidation: 'utf8',
  exemplars: true,
  nativeHistograms: true,
  metadata: true,
  http: {
    ...defaultHttpClient,
    authorization:
      token === '' && tokenFile === '' ? undefined : { type: 'Bearer', credentials: { text: token, file: tokenFile } },
  },
  queue: defaultQueue,
});

export const relabellingOf = ({ relabel, nameValidation }: RemoteWriteConfig) =>
  relabel.length === 0 ? undefined : compileRelabelling(relabel, nameValidation);
