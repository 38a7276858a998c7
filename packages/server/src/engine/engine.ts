import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { NightshiftError } from '../errors/catalogue.ts';
import { EngineChild, type EngineLauncher, type EngineLog } from './engine-child.ts';
import { TokenLog } from './token-log.ts';

export interface EngineOptions {
  /** Where the embedded engine keeps its data, configuration and log. */
  readonly dir: string;
  /** How `engine-child` is started: a command and the arguments before ClickHouse's own. */
  readonly launcher: EngineLauncher;
  /** max_server_memory_usage of the embedded engine, bytes. */
  readonly memoryBytes: number;
  /** An external ClickHouse instead of the embedded one; '' or absent for the embedded one. */
  readonly url?: string;
  readonly user?: string;
  readonly password?: string;
  readonly log: EngineLog;
}

export type EngineState = 'starting' | 'up' | 'down';
export type QueryParams = Readonly<Record<string, unknown>>;

/**
 * ClickHouse, embedded or external, over its HTTP interface. Every call throws ENGINE_DOWN (503, with retryAfter) while
 * it is not up; a ClickHouse error comes as the client's ClickHouseError.
 */
export interface Engine {
  readonly state: EngineState;
  /** Why it is not up, '' when it is. */
  readonly reason: string;
  readonly url: string;
  readonly version: string;
  readonly restarts: number;
  /** Process id of the embedded engine, null while there is none or for an external one. */
  readonly pid: number | null;
  /**
   * Rows as objects, numbers beyond 2^53 as strings. `{name:Type}` in the text is filled from `params` by ClickHouse. What is
   * asked with `query` and `queryBytes` may only read, and stops in ClickHouse as well when the signal is aborted.
   */
  query<T>(sql: string, params?: QueryParams, signal?: AbortSignal): Promise<T[]>;
  /** Bytes of the answer in the FORMAT that the text names. `received` is told of every piece as it comes and may throw to end it. */
  queryBytes(
    sql: string,
    params?: QueryParams,
    signal?: AbortSignal,
    received?: (bytes: number) => void,
  ): Promise<Uint8Array>;
  command(sql: string, params?: QueryParams): Promise<void>;
  /** Inserts rows given as RowBinary, or in another `format`, whole or in pieces; the same `token` for the same table again is a no-op. Resolves when they and the token are on disk (tables have fsync_after_insert). */
  insert(
    table: string,
    columns: readonly string[],
    rows: Uint8Array | readonly Uint8Array[],
    token: string,
    format?: 'RowBinary' | 'Native',
  ): Promise<void>;
  /** Stops an embedded engine cleanly (at most 5 s, then by force). Idempotent. */
  close(): Promise<void>;
}

const healthEveryMs = 2000;
const missesUntilRestart = 3;

/** ClickHouse ends a query whose connection is closed only if it is known to read: by POST it has to be told so. */
const readOnly = {
  readonly: '2',
  cancel_http_readonly_queries_on_client_close: 1,
  // Lists of ids are long; what the text itself sets counts only once it was read.
  max_query_size: '16777216',
} as const;

class ClickHouse implements Engine {
  state: EngineState = 'starting';
  reason = 'starting';
  url = '';
  version = '';
  #client: ClickHouseClient | null = null;
  #child: EngineChild | null = null;
  #health: NodeJS.Timeout | undefined;
  #misses = 0;
  readonly #tokens = new TokenLog(async (table) => {
    const [row] = await this.query<{ paths: string[] }>(
      "SELECT data_paths AS paths FROM system.tables WHERE {table:String} IN (concat(database, '.', name), name) LIMIT 1",
      { table },
    );
    return row?.paths ?? [];
  });
  #closing: Promise<void> | null = null;

  constructor(private readonly options: EngineOptions) {}

  get restarts(): number {
    return this.#child?.restarts ?? 0;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async start(): Promise<void> {
    const { url, user = 'default', password = '' } = this.options;
    if (url) {
      this.#connect(url, user, password, {});
      await this.#client?.ping().then((answer) => {
        if (!answer.success) throw new NightshiftError('ENGINE_DOWN', { reason: `${url}: ${answer.error.message}` }, 5);
      });
      await this.#becomeUp();
    } else {
      this.#child = new EngineChild(this.options, {
        up: async (port, secrets) => {
          this.#connect(`http://127.0.0.1:${port}`, 'nightshift', secrets.password, {
            'X-Nightshift-Key': secrets.key,
          });
          await this.#becomeUp();
        },
        down: (reason) => {
          this.state = 'down';
          this.reason = reason;
        },
      });
      await this.#child.start();
    }
    this.#health = setInterval(() => void this.#check(), healthEveryMs);
    this.#health.unref();
  }

  #connect(url: string, username: string, password: string, headers: Record<string, string>): void {
    void this.#client?.close();
    this.url = url;
    this.#client = createClient({
      url,
      username,
      password,
      http_headers: headers,
      request_timeout: 120_000,
      max_open_connections: 8,
      // What goes wrong comes as an error; its own lines would stand between ours.
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
  }

  async #becomeUp(): Promise<void> {
    const answer = await this.#client?.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' });
    const [row] = (await answer?.json<{ version: string }>()) ?? [];
    this.version = row?.version ?? '';
    this.state = 'up';
    this.reason = '';
    this.#misses = 0;
  }

  async #check(): Promise<void> {
    if (this.state === 'starting' || !this.#client || this.#closing) return;
    const alive = await this.#client
      .query({ query: 'SELECT 1', abort_signal: AbortSignal.timeout(healthEveryMs) })
      .then((answer) => answer.text())
      .then(
        () => true,
        () => false,
      );
    if (this.#closing) return;
    if (alive) {
      this.#misses = 0;
      if (!this.#child) this.state = 'up';
      return;
    }
    this.#misses++;
    if (this.#misses < missesUntilRestart) return;
    this.state = 'down';
    this.reason = `it did not answer ${this.#misses} times in a row`;
    this.#misses = 0;
    this.#child?.kill();
  }

  #up(): ClickHouseClient {
    if (this.state === 'up' && this.#client) return this.#client;
    throw new NightshiftError('ENGINE_DOWN', { reason: this.reason || this.state }, 2);
  }

  /** A connection that broke is the engine going down, which the sender may try again; all else is as it is. */
  async #run<T>(work: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    const client = this.#up();
    try {
      return await work(client);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (/^(ECONN|EPIPE|UND_ERR)/.test(code) || (error instanceof Error && /socket hang up/i.test(error.message))) {
        throw new NightshiftError('ENGINE_DOWN', { reason: code || 'the connection broke' }, 2);
      }
      throw error;
    }
  }

  query<T>(sql: string, params: QueryParams = {}, signal?: AbortSignal): Promise<T[]> {
    return this.#run(async (client) => {
      const abort = signal ? { abort_signal: signal } : {};
      const answer = await client.query({
        query: sql,
        query_params: { ...params },
        format: 'JSONEachRow',
        clickhouse_settings: readOnly,
        ...abort,
      });
      return answer.json<T>();
    });
  }

  queryBytes(
    sql: string,
    params: QueryParams = {},
    signal?: AbortSignal,
    received?: (bytes: number) => void,
  ): Promise<Uint8Array> {
    return this.#run(async (client) => {
      const abort = signal ? { abort_signal: signal } : {};
      const query = { query: sql, query_params: { ...params }, clickhouse_settings: readOnly, ...abort };
      const { stream } = await client.exec(query);
      // The client itself heeds the signal only until the answer begins.
      const cut = () => void stream.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      signal?.addEventListener('abort', cut, { once: true });
      try {
        if (signal?.aborted) cut();
        const chunks: Buffer[] = [];
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          received?.(chunk.length);
          chunks.push(chunk);
        }
        return Buffer.concat(chunks);
      } finally {
        signal?.removeEventListener('abort', cut);
        stream.destroy();
      }
    });
  }

  async command(sql: string, params: QueryParams = {}): Promise<void> {
    await this.#run((client) => client.command({ query: sql, query_params: { ...params } }));
  }

  async insert(
    table: string,
    columns: readonly string[],
    rows: Uint8Array | readonly Uint8Array[],
    token: string,
    format: 'RowBinary' | 'Native' = 'RowBinary',
  ): Promise<void> {
    const pieces = [rows]
      .flat()
      .map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
    await this.#run(async (client) => {
      const { stream } = await client.exec({
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT ${format}`,
        values: Readable.from(pieces, {
          objectMode: false,
        }),
        clickhouse_settings: {
          insert_deduplication_token: token,
          // One block a batch: the token must cover all of it.
          max_insert_block_size: '10000000',
          min_insert_block_size_rows: '10000000',
          min_insert_block_size_bytes: '2000000000',
        } as Record<string, string | number>,
      });
      for await (const _ of stream as AsyncIterable<Buffer>) {
        // Read to the end: an error of the insert may come after the headers.
      }
    });
    // Where the files are its own; a server elsewhere keeps tokens by its own rules.
    if (this.#child) await this.#tokens.sync(table);
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#health);
      this.state = 'down';
      this.reason = 'stopped';
      await this.#client?.close();
      await this.#child?.close();
    })();
    return this.#closing;
  }
}

/** Starts or connects the engine and resolves when it answers. Throws ENGINE_START where the embedded one cannot run here. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const engine = new ClickHouse(options);
  try {
    await engine.start();
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}
