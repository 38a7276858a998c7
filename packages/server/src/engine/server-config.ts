import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface EngineSecrets {
  /** Must stand in the header X-Nightshift-Key of every request, or the port answers "no handler". */
  readonly key: string;
  /** Of the user `nightshift`. */
  readonly password: string;
}

export interface EngineSettings {
  readonly dir: string;
  readonly httpPort: number;
  readonly tcpPort: number;
  readonly memoryBytes: number;
  readonly secrets: EngineSecrets;
}

/**
 * ClickHouse's own session on standard input logs in as `default` without a password, from 127.0.0.1, and cannot be
 * told otherwise. So `default` may only start the listener and read its input, and the HTTP port has a handler only
 * for requests that carry the key: both are made anew at every start.
 */
const usersXml = ({ password }: EngineSecrets): string => `<clickhouse>
  <profiles><default>
    <max_threads>2</max_threads>
    <max_insert_threads>1</max_insert_threads>
    <cancel_http_readonly_queries_on_client_close>1</cancel_http_readonly_queries_on_client_close>
    <log_queries>0</log_queries>
  </default></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT CREATE TEMPORARY TABLE, TABLE ENGINE ON *.*</query>
        <query>GRANT READ, WRITE ON FILE</query>
        <query>GRANT SELECT, INSERT, CREATE, DROP ON _temporary_and_external_tables.*</query>
      </grants>
    </default>
    <nightshift>
      <password>${password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
    </nightshift>
  </users>
</clickhouse>
`;

const configXml = (usersFile: string, { memoryBytes, secrets }: EngineSettings): string => `<clickhouse>
  <logger><level>error</level><console>false</console></logger>
  <user_directories><users_xml><path>${usersFile}</path></users_xml></user_directories>
  <http_handlers><rule>
    <headers><X-Nightshift-Key>${secrets.key}</X-Nightshift-Key></headers>
    <handler><type>dynamic_query_handler</type><query_param_name>query</query_param_name></handler>
  </rule></http_handlers>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <mark_cache_size>16777216</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>4194304</index_mark_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <max_thread_pool_size>64</max_thread_pool_size>
  <max_thread_pool_free_size>4</max_thread_pool_free_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>2</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <keep_alive_timeout>30</keep_alive_timeout>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;

/** Writes ClickHouse's configuration (readable by this user only) and returns the arguments to start it with. */
export function writeServerConfig(settings: EngineSettings): string[] {
  const configDir = join(settings.dir, 'config');
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  chmodSync(configDir, 0o700);
  const users = join(configDir, 'users.xml');
  const config = join(configDir, 'config.xml');
  writeFileSync(users, usersXml(settings.secrets), { mode: 0o600 });
  writeFileSync(config, configXml(users, settings), { mode: 0o600 });
  return [
    `--config-file=${config}`,
    `--path=${join(settings.dir, 'data')}`,
    '--listen_host=127.0.0.1',
    `--http_port=${settings.httpPort}`,
    `--tcp_port=${settings.tcpPort}`,
    '--input-format=LineAsString',
    '--structure=line String',
    '--table=stdin',
    '--query=SYSTEM START LISTEN HTTP; SELECT * FROM stdin FORMAT Null',
  ];
}
