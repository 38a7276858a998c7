import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadScrapeFile } from './load.ts';
import { sizeOf } from './size.ts';
import { ScrapeConfigError } from './yaml-node.ts';

const dir = mkdtempSync(join(tmpdir(), 'nightshift-scrape-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function offencesOf(file: string): readonly string[] {
  try {
    loadScrapeFile(file);
    return [];
  } catch (error) {
    if (error instanceof ScrapeConfigError) return error.offences;
    throw error;
  }
}

function written(text: string): string {
  const file = join(dir, 'prometheus.yml');
  writeFileSync(file, text);
  return file;
}

const mistakes = (text: string) => offencesOf(written(text)).map((each) => each.replace(`${dir}/`, ''));

describe('a scrape configuration', () => {
  it('fills in what is left out: from the job, from global, from the defaults', () => {
    const { configs } = loadScrapeFile(
      written(`
global: { scrape_interval: 20s, sample_limit: 7, metric_name_validation_scheme: legacy }
scrape_configs:
  - job_name: 007
    scrape_timeout: 3s
    params: { module: [a, b] }
    basic_auth: { username: u, password_file: secret }
    scrape_native_histograms: yes
  - job_name: quick
    scrape_interval: 5s
    metric_name_validation_scheme: utf8
`),
    );
    expect(configs[0]).toMatchObject({
      jobName: '007',
      intervalMs: 20_000,
      timeoutMs: 3000,
      metricsPath: '/metrics',
      params: { module: ['a', 'b'] },
      escaping: 'underscores',
      honorTimestamps: true,
      http: { basicAuth: { password: { text: '', file: join(dir, 'secret') } } },
    });
    expect(configs[0]?.protocols[0]).toBe('PrometheusProto');
    expect(configs[0]?.limits.samples).toBe(7);
    expect(configs[1]).toMatchObject({ intervalMs: 5000, timeoutMs: 5000, escaping: 'allow-utf-8' });
  });

  it('says every mistake, each with its file, line and key, in the order of the file', () => {
    expect(
      mistakes(`global:
  scrape_intervall: 5s
scrape_configs:
  - job_name: a
    scrape_interval: soon
    relabel_configs:
      - action: hashmod
        target_label: x
      - regex: '('
        target_label: y
    consul_sd_configs: []
  - job_name: a
    honor_labels: maybe
    body_size_limit: 100
    static_configs: [{ target: [x] }]
`),
    ).toEqual([
      'prometheus.yml:2: global.scrape_intervall: there is no such key; did you mean `scrape_interval`?',
      'prometheus.yml:5: scrape_configs[0].scrape_interval: "soon" is not a duration such as 30s or 5m',
      'prometheus.yml:7: scrape_configs[0].relabel_configs[0]: relabel configuration for hashmod requires non-zero modulus',
      'prometheus.yml:9: scrape_configs[0].relabel_configs[1]: error parsing regexp: missing closing ): `(`',
      'prometheus.yml:11: scrape_configs[0].consul_sd_configs: there is no such key; targets can be found by static_configs, file_sd_configs, http_sd_configs, dns_sd_configs, kubernetes_sd_configs; consul_sd_configs is not supported',
      'prometheus.yml:12: scrape_configs[1].job_name: found multiple scrape configs with job name "a"',
      'prometheus.yml:13: scrape_configs[1].honor_labels: "maybe" is not true or false',
      'prometheus.yml:14: scrape_configs[1].body_size_limit: "100" is not a size such as 10MB; a unit is needed',
      'prometheus.yml:15: scrape_configs[1].static_configs[0].target: there is no such key; did you mean `targets`?',
    ]);
  });

  it('names what of a prometheus.yml is not about scraping', () => {
    const text = `rule_files: [a.yml]
global: { evaluation_interval: 5s }
scrape_configs: [{ job_name: a, enable_http2: false }]
`;
    expect(loadScrapeFile(written(text)).unused).toEqual([
      'rule_files',
      'global.evaluation_interval',
      'enable_http2 of the job "a"',
    ]);
  });

  it('says of a job, or for all, which classic histograms become native, by the name that it has now', () => {
    const text = `global: { convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true }
scrape_configs:
  - job_name: a
  - { job_name: b, convert_classic_histograms_to_nhcb: false, always_scrape_classic_histograms: false }
`;
    const { configs, unused } = loadScrapeFile(written(text));
    const flags = configs.map((one) => [one.classicToCustomBuckets, one.alwaysClassicHistograms]);
    expect([unused, flags]).toEqual([
      [],
      [
        [true, true],
        [false, false],
      ],
    ]);
    expect(mistakes('scrape_configs: [{ job_name: a, scrape_classic_histograms: true }]')).toEqual([
      'prometheus.yml:1: scrape_configs[0].scrape_classic_histograms: there is no such key; it is called `always_scrape_classic_histograms` now',
    ]);
  });

  it('that is no YAML, or no file, is refused', () => {
    expect(mistakes('a: [')[0]).toMatch(/^prometheus\.yml:1: /);
    expect(offencesOf(join(dir, 'none.yml'))).toEqual([`${dir}/none.yml: there is no such file`]);
  });

  it.each([
    ['15MB', 15 * 1024 ** 2],
    ['1GiB512MB', 1.5 * 1024 ** 3],
    ['1.5KB', 1536],
    ['0', 0],
    ['100', undefined],
    ['MB', undefined],
  ])('reads the size %s', (text, bytes) => {
    expect(sizeOf(text)).toBe(bytes);
  });
});
