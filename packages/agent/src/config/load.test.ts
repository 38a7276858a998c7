import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AgentConfigError, loadConfig } from './load.ts';
import { referencePage } from './reference.ts';

const dir = mkdtempSync(join(tmpdir(), 'nightshift-agent-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const load = (yaml: string, env: Record<string, string> = {}) => {
  writeFileSync(join(dir, 'prometheus.yml'), yaml);
  return loadConfig({ env, cwd: dir, configFile: 'prometheus.yml' });
};

function offencesOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof AgentConfigError) return error.offences.map((one) => one.replace(`${dir}/`, ''));
    throw error;
  }
  return [];
}

describe('the configuration of the agent', () => {
  it('is a Prometheus file as it is', () => {
    const { scrapeConfigs, remoteWrites, externalLabels, unused } = load(`
global:
  scrape_interval: 30s
  external_labels: { site: north }
rule_files: [rules.yml]
scrape_configs:
  - job_name: app
    static_configs: [{ targets: ['a:1', 'b:2'] }]
remote_write:
  - url: http://one/api/v1/write
    remote_timeout: 10s
    basic_auth: { username: u, password: p }
    write_relabel_configs: [{ source_labels: [__name__], regex: 'go_.*', action: drop }]
    queue_config: { max_shards: 3, max_samples_per_send: 500, min_backoff: 100ms, max_backoff: 10s, capacity: 10000 }
  - url: http://two/write
    name: second
    headers: { X-Scope-OrgID: team }
    send_exemplars: true
    protobuf_message: io.prometheus.write.v2.Request
`);
    expect(scrapeConfigs.map(({ jobName, intervalMs }) => [jobName, intervalMs])).toEqual([['app', 30_000]]);
    expect(externalLabels).toEqual(new Map([['site', 'north']]));
    expect(unused).toEqual(['rule_files']);
    expect(remoteWrites[0]).toMatchObject({
      name: 'http://one/api/v1/write',
      timeoutMs: 10_000,
      protobufMessage: 'prometheus.WriteRequest',
      exemplars: false,
      queue: { maxShards: 3, maxSamplesPerSend: 500, minBackoffMs: 100, maxBackoffMs: 10_000 },
      http: { basicAuth: { username: { text: 'u' } } },
    });
    expect(remoteWrites[1]).toMatchObject({
      name: 'second',
      protobufMessage: 'io.prometheus.write.v2.Request',
      headers: { 'X-Scope-OrgID': 'team' },
      exemplars: true,
    });
  });

  it('is refused with every mistake of the file and the variables in one list, the nearest right key named', () => {
    const yaml = `global:
  scrape_intervall: 30s
scrape_configs:
  - job_name: app
    static_config: []
remote_write:
  - url: ftp://one
    remote_timeout: soon
    queue_config: { max_shard: 3, max_samples_per_send: 0 }
    headers: { Authorization: x }
  - nam: second
  - { url: 'http://x/w', name: same }
  - { url: 'http://y/w', name: same }
  - { url: 'http://z/w', sigv4: {} }
  - { url: 'http://v/w', protobuf_message: io.prometheus.write.v3.Request }
`;
    const env = { NIGHTSHIFT_AGENT_SPOOL_BYTE: '1', NIGHTSHIFT_AGENT_INTERVAL: 'often' };
    expect(offencesOf(() => load(yaml, env))).toEqual([
      'NIGHTSHIFT_AGENT_SPOOL_BYTE: there is no such variable; did you mean NIGHTSHIFT_AGENT_SPOOL_BYTES?',
      'NIGHTSHIFT_AGENT_INTERVAL: "often" is not a duration such as 15s or 1m30s',
      'prometheus.yml:2: global.scrape_intervall: there is no such key; did you mean `scrape_interval`?',
      'prometheus.yml:5: scrape_configs[0].static_config: there is no such key; did you mean `static_configs`?',
      'prometheus.yml:7: remote_write[0].url: "ftp://one" is not an address that begins with http:// or https://',
      'prometheus.yml:8: remote_write[0].remote_timeout: "soon" is not a duration such as 30s or 5m',
      'prometheus.yml:9: remote_write[0].queue_config.max_shard: there is no such key; did you mean `max_shards`?',
      'prometheus.yml:9: remote_write[0].queue_config.max_samples_per_send: must be at least 1',
      'prometheus.yml:10: remote_write[0].headers.Authorization: Authorization is a header that the agent sets itself',
      'prometheus.yml:11: remote_write[1].nam: there is no such key; did you mean `name`?',
      'prometheus.yml:11: remote_write[1].url: url for remote_write is empty',
      'prometheus.yml:13: remote_write[3].name: found multiple remote write configs with name "same"',
      'prometheus.yml:14: remote_write[4].sigv4: there is no such key; sigv4 is not supported',
      'prometheus.yml:15: remote_write[5].protobuf_message: "io.prometheus.write.v3.Request" is not one of prometheus.WriteRequest, io.prometheus.write.v2.Request',
    ]);
  });

  it('says once that the file is not there, or not YAML', () => {
    const missing = () => loadConfig({ env: {}, cwd: dir, configFile: 'none.yml' });
    expect(offencesOf(missing)).toEqual(['none.yml: there is no such file']);
    expect(offencesOf(() => load('scrape_configs: ['))).toHaveLength(1);
  });

  it('is variables alone for the simplest case', () => {
    const config = loadConfig({
      env: {
        NIGHTSHIFT_AGENT_URL: 'http://one/api/v1/write',
        NIGHTSHIFT_AGENT_TOKEN: 'secret',
        NIGHTSHIFT_AGENT_TARGETS: 'a:1, b:2',
        NIGHTSHIFT_AGENT_EXTERNAL_LABELS: 'site=north,rack=a=b',
        NIGHTSHIFT_AGENT_SPOOL_BYTES: '64MiB',
      },
      cwd: dir,
    });
    expect(config.dataDir).toBe(join(dir, '.nightshift-agent'));
    expect(config.scrapeConfigs[0]).toMatchObject({ jobName: 'agent', intervalMs: 15_000, timeoutMs: 10_000 });
    expect(config.scrapeConfigs[0]?.staticGroups[0]?.targets).toHaveLength(2);
    expect(config.externalLabels.get('rack')).toBe('a=b');
    expect(config.settings.NIGHTSHIFT_AGENT_SPOOL_BYTES).toBe(64 * 1024 * 1024);
    expect(config.remoteWrites[0]).toMatchObject({ exemplars: true, http: { authorization: { type: 'Bearer' } } });
  });

  it('needs somewhere to send to', () => {
    expect(offencesOf(() => loadConfig({ env: {}, cwd: dir }))).toEqual([
      'there is nowhere to send to: set NIGHTSHIFT_AGENT_URL, or write `remote_write` into the file',
    ]);
    expect(offencesOf(() => loadConfig({ env: { NIGHTSHIFT_AGENT_TOKEN: 'x' }, cwd: dir }))).toEqual([
      'NIGHTSHIFT_AGENT_TOKEN: is for NIGHTSHIFT_AGENT_URL, which is not set',
    ]);
  });

  it('is described by the reference page', () => {
    expect(readFileSync(resolve('docs/reference/agent.md'), 'utf8')).toBe(referencePage());
  });
});
