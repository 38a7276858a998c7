import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ConfigError } from '../../src/config/config-error.ts';
import { durationMs, durationPattern } from '../../src/config/duration.ts';
import { configJsonSchema, configKeys } from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { editDistance, nearest } from '../../src/config/nearest.ts';
import { referencePages } from '../../src/config/reference.ts';

const here = join(process.cwd(), 'packages/server/test/config');
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'nightshift-config-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function offencesOf(options: { file?: string; env?: Record<string, string>; cwd?: string }): string[] {
  try {
    loadConfig({ env: {}, cwd, ...options });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.offences.map(({ where, message }) => `${where.replace(`${here}/`, '')}: ${message}`);
  }
  return [];
}

/** One file per mistake: what is said of it. */
const mistakes: Record<string, string> = {
  'misspelled-section': ':1:1: there is no key `htpp`; did you mean `http`?',
  'misspelled-key': ':2:3: there is no key `http.prot`; did you mean `http.port`?',
  'key-in-the-wrong-section':
    ':1:1: there is no key `lookback`; allowed here: dataDir, http, engine, head, spool, ingest, retention, scrape, scrapeConfigFile, selfMetrics, hostMetrics, rules, sla, guard, gateway, query, otlp, externalLabels, log (`query.lookback` exists)',
  'duplicate-key': ':3:3: the key "port" stands here a second time; keep one of them',
  'port-out-of-range': ':2:3: `http.port` must be a whole number, from 0 to 65535, not 65536',
  'number-as-text': ':2:3: `http.port` must be a whole number, from 0 to 65535, not "4300"',
  'decimal-size':
    ':2:3: `http.maxBodyBytes` must be a size in bytes: a whole number, or one with KiB, MiB or GiB such as 64MiB, not "16 MB"',
  'duration-without-unit': ':2:3: `query.timeout` must be a duration such as 30s, 5m or 30d, not 30',
  'retention-in-words': ':2:3: `retention.logs` must be a duration such as 30d, or 0 for ever, not "thirty days"',
  'retention-of-no-pattern':
    ':3:7: `retention.metricRules[0].match` must be a pattern of metric names such as debug_.*, or a selector such as {env="dev"} (unexpected character inside braces: \'~\'), not "debug{env~\\"x\\"}"',
  'unknown-level': ':2:3: `log.level` must be one of trace, debug, info, warn, error, fatal, silent, not "loud"',
  'address-without-scheme':
    ':2:3: `http.publicUrl` must be an address that begins with http:// or https://, not "night.example"',
  'certain-false-alarm': ':2:3: `guard.falseAlarmRate` must be a number, above 0 and below 1, not 1',
  'job-without-name': ':2:5: `scrape[0].job` is missing; it must be a text',
  'target-without-port': ':3:15: `scrape[0].targets[0]` must be host:port, not "localhost"',
  'timeout-above-interval': ':2:5: `scrape[0].timeout` must be at most the interval',
  'duplicate-job': ':1:1: `scrape` must give every job a name of its own',
  'wrong-label-name': ':4:15: `scrape[0].labels.0zone`: the key "0zone" must be a label name',
  'one-port-for-two': ':1:1: `http.otlpPort` must differ from http.port',
  'one-port-for-grpc': ':2:3: `http.otlpGrpcPort` must differ from http.port and http.otlpPort',
  'unquoted-secret': ':2:3: `engine.password` must be a text, not a hidden value',
  'value-for-a-section': ':1:1: `http` must be a section of keys, not 4300',
  'list-at-the-root': ':1:1: `the whole` must be a section of keys',
  'key-without-value': ':2:3: `http.port` must be a whole number, from 0 to 65535, not null',
  'promoted-twice': ':3:3: `otlp.promote_resource_attributes` must be empty with promote_all_resource_attributes',
  'unknown-strategy':
    ':2:3: `otlp.translation_strategy` must be one of UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes, NoTranslation, not "UnderscoreEscaping"',
  'prototype-key': ':1:1: there is no key `__proto__`; allowed here: ',
};

describe('a mistake in the file', () => {
  it('has an entry for every file and a file for every entry', () => {
    const files = readdirSync(here).filter((name) => name.endsWith('.yaml'));
    expect(files.map((name) => basename(name, '.yaml')).sort()).toEqual(Object.keys(mistakes).sort());
  });

  it.each(Object.entries(mistakes))('%s is refused, with its place and what is allowed', (name, expected) => {
    const offences = offencesOf({ file: join(here, `${name}.yaml`) });
    expect(offences.length).toBeGreaterThan(0);
    expect(offences[0]).toContain(`${name}.yaml${expected}`);
    expect(offences).toHaveLength(1);
  });

  it('does not hide another: all are listed at once, in order, with those of the environment', () => {
    const file = join(cwd, 'many.yaml');
    writeFileSync(file, 'log: {level: loud}\nhttp:\n  port: -1\n  hots: x\n');
    const places = offencesOf({ file, env: { NIGHTSHIFT_HTTP_PORT: 'abc', NIGHTSHIFT_HTTPHOST: 'x' } }).map(
      (line) => line.replace(`${cwd}/`, '').split(': ')[0],
    );
    expect(places).toEqual([
      'many.yaml:1:7',
      'many.yaml:3:3',
      'many.yaml:4:3',
      'NIGHTSHIFT_HTTP_PORT',
      'NIGHTSHIFT_HTTPHOST',
    ]);
  });

  // Not among the files, because the formatter would have to read it.
  it('of the YAML itself is refused with its place', () => {
    const file = join(cwd, 'broken.yaml');
    writeFileSync(file, 'http: {port: 4300\n');
    expect(offencesOf({ file })[0]).toMatch(/broken\.yaml:2:1: .*flow/i);
  });

  it('in its name is refused too', () => {
    expect(offencesOf({ file: join(cwd, 'missing.yaml') })[0]).toContain('there is no such file');
    mkdirSync(join(cwd, 'yml'));
    writeFileSync(join(cwd, 'yml', 'nightshift.yml'), '');
    expect(offencesOf({ cwd: join(cwd, 'yml') })).toEqual([
      'nightshift.yml: is not read; its name must be nightshift.yaml',
    ]);
  });
});

describe('a variable', () => {
  it('that does not exist is refused with the nearest', () => {
    expect(offencesOf({ env: { NIGHTSHIFT_HTTPPORT: '1' } })).toEqual([
      'NIGHTSHIFT_HTTPPORT: there is no such variable; did you mean NIGHTSHIFT_HTTP_PORT?',
    ]);
    expect(offencesOf({ env: { NIGHTSHIFT_PORT: '1' } })).toEqual([
      'NIGHTSHIFT_PORT: there is no such variable; did you mean NIGHTSHIFT_HTTP_PORT?',
    ]);
    expect(offencesOf({ env: { NIGHTSHIFT_: '1' } })[0]).toContain('there is no such variable');
    expect(offencesOf({ env: { NIGHTSHIFT_TOKEN: 'x', OTHER: '1' } })).toEqual([]);
  });

  it('of the agent may be in an environment that is shared; a misspelled one is refused with the nearest of those', () => {
    const env = { NIGHTSHIFT_AGENT_URL: 'http://x', NIGHTSHIFT_AGENT_SPOOL_BYTES: '1GiB', NIGHTSHIFT_AGENT_TOKEN: 'x' };
    expect(offencesOf({ env })).toEqual([]);
    expect(offencesOf({ env: { ...env, NIGHTSHIFT_AGENT_SPOOL_BYTE: '1' } })).toEqual([
      'NIGHTSHIFT_AGENT_SPOOL_BYTE: there is no such variable; did you mean NIGHTSHIFT_AGENT_SPOOL_BYTES?',
    ]);
    expect(offencesOf({ env: { NIGHTSHIFT_AGENT_LOGLEVEL: 'x' } })[0]).toContain('NIGHTSHIFT_AGENT_LOG_LEVEL');
  });

  it('sets the bounds of single tokens as YAML, and a wrong one is refused with its place', () => {
    const { config } = loadConfig({
      env: { NIGHTSHIFT_INGEST_TOKENS: '{shop: {samplesPerSecond: 5, maxBodyBytes: 1MiB}}' },
      cwd,
    });
    expect(config.ingest.tokens).toEqual({ shop: { samplesPerSecond: 5, maxBodyBytes: 2 ** 20 } });
    const file = join(cwd, 'tokens.yaml');
    writeFileSync(file, 'ingest:\n  tokens:\n    shop: {maxSerie: 5}\n    mail: {burst: -1}\n');
    expect(offencesOf({ file }).map((line) => line.replace(`${cwd}/`, ''))).toEqual([
      'tokens.yaml:3:12: there is no key `ingest.tokens.shop.maxSerie`; did you mean `ingest.tokens.shop.maxSeries`?',
      'tokens.yaml:4:12: `ingest.tokens.mail.burst` must be a whole number of at least 0, not -1',
    ]);
  });

  it('sets any key: default, file and variable in rising order, and each says where it is from', () => {
    writeFileSync(join(cwd, 'nightshift.yaml'), 'dataDir: data\nhttp:\n  port: 1\n  host: 0.0.0.0\nengine:\n');
    const env = {
      NIGHTSHIFT_HTTP_PORT: '0',
      NIGHTSHIFT_ENGINE_PASSWORD: '0123',
      NIGHTSHIFT_HEAD_BYTES: '32 MiB',
      NIGHTSHIFT_RETENTION_LOGS: '0',
      NIGHTSHIFT_RULES_FILES: 'a.yaml, b.yaml',
      NIGHTSHIFT_SCRAPE: '[{job: node, targets: ["[::1]:9100"], labels: {zone: a}}]',
    };
    const { config, sources } = loadConfig({ env, cwd });
    expect(config).toMatchObject({
      dataDir: join(cwd, 'data'),
      http: { port: 0, host: '0.0.0.0', otlpPort: 4318, maxBodyBytes: 16 * 2 ** 20 },
      engine: { password: '0123' },
      head: { bytes: 32 * 2 ** 20, window: 3 * 3_600_000 },
      retention: { logs: 0, metrics: 30 * 86_400_000 },
      rules: { files: [join(cwd, 'a.yaml'), join(cwd, 'b.yaml')] },
      scrape: [
        {
          job: 'node',
          interval: 15_000,
          timeout: 10_000,
          labels: { zone: 'a' },
          metricsPath: '/metrics',
          scheme: 'http',
        },
      ],
    });
    expect(sources.get('http.port')).toEqual({ source: 'environment', where: 'NIGHTSHIFT_HTTP_PORT', value: 0 });
    expect(sources.get('http.host')).toEqual({ source: 'file', where: 'nightshift.yaml:4:3', value: '0.0.0.0' });
    expect(sources.get('query.timeout')).toEqual({ source: 'default', where: 'default', value: '2m' });
    expect(sources.get('engine.password')?.value).toBe('[hidden]');
    expect([...sources.keys()]).toEqual(configKeys().map(({ path }) => path));
  });
});

describe('the reference', () => {
  it.each(Object.entries(referencePages()))('%s is what the schema generates', (name, text) => {
    expect(readFileSync(join(process.cwd(), 'docs/reference', name), 'utf8')).toBe(text);
  });

  it('names a description and a default for every key', () => {
    for (const { path, schema } of configKeys()) {
      expect([path, typeof schema.description, schema.default !== undefined]).toEqual([path, 'string', true]);
    }
  });

  it('has a JSON Schema that takes a good file and refuses a misspelled key', () => {
    const validate = new Ajv({ strict: false }).compile(configJsonSchema());
    expect(validate(parse('http: {port: 1, maxBodyBytes: 1MiB}\nretention: {logs: 0}'))).toBe(true);
    expect(validate(parse('http: {prot: 1}'))).toBe(false);
  });
});

describe('words and durations', () => {
  it('the distance is symmetrical, 0 for equal words only, and 1 for a swap', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
    expect(editDistance('prot', 'port')).toBe(1);
    expect(nearest('zzzzzz', ['http', 'engine'])).toBeUndefined();
  });

  it('a duration is the sum of its units', () => {
    const whole = fc.integer({ min: 0, max: 999 });
    fc.assert(
      fc.property(whole, whole, whole, (d, m, ms) => {
        const text = `${d}d${m}m${ms}ms`;
        expect(durationPattern.test(text)).toBe(true);
        expect(durationMs(text)).toBe(d * 86_400_000 + m * 60_000 + ms);
      }),
    );
    for (const text of ['', '5', '5 m', '1m1h', '-1s', '1.5h', '5M']) expect(durationPattern.test(text)).toBe(false);
  });
});
