import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { agentVariables, otherVariables } from '../../../server/src/config/environment.ts';
import { configKeys } from '../../../server/src/config/keys.ts';
import { keys, type Options } from './keys.ts';
import { loadConfig, OptionsError, readVariables } from './load.ts';
import { settingsReference } from './reference.ts';
import { serviceVariables } from './service-variables.ts';

describe('the configuration', () => {
  it('takes an option before a variable, and a variable before the default, and says which', () => {
    const environment = { METRICS_BUFFER_SIZE: '50', METRICS_SLOW_QUERY_THRESHOLD: '0.2', METRICS_ENABLED: '' };
    const { values, shown, complaints } = loadConfig({ bufferSize: 7 }, environment);
    expect(complaints).toEqual([]);
    expect(values).toMatchObject({ bufferSize: 7, slowQueryThreshold: 0.2, enabled: true });
    const from = Object.fromEntries(shown.map((one) => [one.name, one.from]));
    expect(from).toMatchObject({
      bufferSize: 'option',
      slowQueryThreshold: 'METRICS_SLOW_QUERY_THRESHOLD',
      enabled: 'default',
    });
  });

  it('says a misspelled variable with the right name, and goes on with what is right', () => {
    const { values, complaints } = loadConfig(
      {},
      { METRICS_SAMPLING_RATES: '0.1', NIGHTSHIFT_TOKN: 'x', PATH: '/bin' },
    );
    expect(complaints).toEqual([
      'METRICS_SAMPLING_RATES is set, and nothing reads it; did you mean METRICS_SAMPLING_RATE?',
      'NIGHTSHIFT_TOKN is set, and nothing reads it; did you mean NIGHTSHIFT_TOKEN?',
    ]);
    expect(values.samplingRate).toEqual({ default: 1 });
  });

  it('says a value of a variable that is not allowed, with what is, and uses the default', () => {
    const { values, complaints } = loadConfig({}, { METRICS_SAMPLING_RATE: '10%', METRICS_BUFFER_SIZE: '0' });
    expect(complaints).toEqual([
      'METRICS_SAMPLING_RATE: "10%" is not allowed; a number from 0 to 1, or one for each kind (database=0.1,http=1) is. {"default":1} is used instead.',
      'METRICS_BUFFER_SIZE: "0" is not allowed; a whole number from 1 to 1000000 is. 1000 is used instead.',
    ]);
    expect(values.bufferSize).toBe(1000);
  });

  it('uses a variable that is allowed behind one that is not, and says so', () => {
    const { values, complaints } = loadConfig({}, { METRICS_TRACE_RATE: '1%', OTEL_TRACES_SAMPLER_ARG: '0.5' });
    expect(values.traceRate).toBe(0.5);
    expect(complaints).toEqual([
      'METRICS_TRACE_RATE: "1%" is not allowed; a number from 0 to 1 is. 0.5 is used instead.',
    ]);
  });

  it('says which protocol is spoken where another one is asked for, also for one signal', () => {
    const { values, complaints } = loadConfig(
      {},
      {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'HTTP/protobuf',
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
      },
    );
    const instead =
      'is not allowed; http/protobuf (OTLP over HTTP, at port 4318 as a rule) is. "http/protobuf" is used instead.';
    expect(complaints).toEqual([
      `OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" ${instead}`,
      `OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http/json" ${instead}`,
    ]);
    expect(values.protocol).toBe('http/protobuf');
    // @ts-expect-error: it is not spoken
    expect(() => loadConfig({ protocol: 'grpc' }, {})).toThrow(
      new OptionsError(['protocol: "grpc" is not allowed; http/protobuf (OTLP over HTTP, at port 4318 as a rule) is']),
    );
    expect(loadConfig({ protocol: 'http/protobuf' }, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).complaints).toEqual([]);
  });

  it('says that a setting of OTLP is not read, and the one that is', () => {
    const { complaints } = loadConfig(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4319/v1/traces',
        OTEL_EXPORTER_OTLP_LOGS_HEADERS: ' ',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
        OTEL_PROPAGATORS: 'b3',
      },
    );
    expect(complaints).toEqual([
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, and @nightshift/node does not read it; OTEL_EXPORTER_OTLP_ENDPOINT is read, for all signals.',
      'OTEL_EXPORTER_OTLP_COMPRESSION is set, and @nightshift/node does not read it.',
    ]);
  });

  it('refuses options that do not exist or are not allowed, all at once, by type and by an error', () => {
    // @ts-expect-error: there is no such option
    const misspelled: Options = { samplingRates: 0.1 };
    // @ts-expect-error: a number is wanted
    const mistyped: Options = { bufferSize: '7' };
    expect(() => loadConfig({ ...misspelled, ...mistyped, enabled: true }, {})).toThrow(
      new OptionsError([
        'samplingRates: there is no such option; did you mean samplingRate?',
        'bufferSize: "7" is not allowed; a whole number from 1 to 1000000 is',
      ]),
    );
    expectTypeOf<Options['samplingRate']>().toEqualTypeOf<number | Readonly<Record<string, number>> | undefined>();
  });

  it('does not let a name of what is to be left alone be misspelled', () => {
    const parts = ['express', 'http', 'pg'];
    const { values, complaints } = loadConfig({}, { METRICS_WITHOUT: 'expres, pg, kitchen' }, parts);
    expect(values.without).toEqual(['expres', 'pg', 'kitchen']);
    expect(complaints).toEqual([
      'METRICS_WITHOUT: nothing here is named "expres"; did you mean express?',
      'METRICS_WITHOUT: nothing here is named "kitchen"; there are express, http, pg',
    ]);
    expect(() => loadConfig({ without: ['expres'] }, {}, parts)).toThrow(
      new OptionsError(['without: nothing here is named "expres"; did you mean express?']),
    );
    expect(loadConfig({ without: ['pg'] }, {}, parts).complaints).toEqual([]);
  });

  it('reads a rate for each kind', () => {
    const read = (text: string) => loadConfig({}, { METRICS_SAMPLING_RATE: text }).values.samplingRate;
    expect(read('0.25')).toEqual({ default: 0.25 });
    expect(read('database=0.1, http=1')).toEqual({ default: 1, database: 0.1, http: 1 });
    expect(read('default=0.5,http=1')).toEqual({ default: 0.5, http: 1 });
    expect(loadConfig({ samplingRate: { render: 0 } }, {}).values.samplingRate).toEqual({ default: 1, render: 0 });
  });

  it('knows OpenTelemetry’s own variables', () => {
    const values = (environment: Record<string, string>) => loadConfig({}, environment).values;
    expect(values({ OTEL_SDK_DISABLED: 'true' }).enabled).toBe(false);
    expect(values({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }).traceRate).toBe(0);
    expect(values({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' }).traceRate).toBe(0.1);
    expect(values({ OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2,a=b%2Cc' }).resourceAttributes).toEqual({
      'service.version': '1.2',
      a: 'b,c',
    });
  });

  it('shows no secret, neither set nor wrong', () => {
    const environment = { NIGHTSHIFT_TOKEN: 's3cret', OTEL_EXPORTER_OTLP_HEADERS: 's3cret' };
    const { shown, complaints } = loadConfig({ dashboardToken: 's3cret' }, environment);
    expect(JSON.stringify([shown, complaints])).not.toContain('s3cret');
    expect(complaints).toHaveLength(1);
    expect(() => loadConfig({ token: ['s3cret'] as never }, {})).toThrow(
      new OptionsError(['token: [hidden] is not allowed; a text is']),
    );
  });

  it('never fails over an environment, whatever it holds', () => {
    const name = fc.oneof(
      fc.constantFrom(...readVariables),
      fc.string().map((word) => `METRICS_${word}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), (environment) => {
        const { values } = loadConfig({}, environment);
        expect(Object.keys(values)).toEqual(Object.keys(keys));
      }),
    );
  });

  it('takes any option without an error other than its own', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(keys), 'x', '__proto__'), fc.anything()), (options) => {
        try {
          loadConfig(options as Options, {});
        } catch (error) {
          expect(error).toBeInstanceOf(OptionsError);
        }
      }),
    );
  });

  it('is documented in full, and what is documented is read', () => {
    const page = 'docs/reference/node.md';
    if (process.env.UPDATE_REFERENCE) writeFileSync(page, settingsReference());
    expect(existsSync(page) && readFileSync(page, 'utf8')).toBe(settingsReference());
    const documented = [...settingsReference().matchAll(/`((?:METRICS|OTEL|NIGHTSHIFT)_[A-Z_]+[A-Z])\b/g)].map(
      (one) => one[1],
    );
    expect([...new Set(documented)].sort()).toEqual([...new Set(readVariables)].sort());
    // Every variable that the source names is one that is documented, so that none is read beside the table.
    const changes = readVariables.filter((variable) => {
      const before = JSON.stringify(loadConfig({}, {}));
      const samples = ['true', 'false', '0.5', '7', 'a=b', 'http://a', 'x', 'always_off'];
      return samples.every((text) => JSON.stringify(loadConfig({}, { [variable]: text })) === before);
    });
    expect(changes).toEqual([]);
  });

  it('does not take a variable of the service for a misspelled one', () => {
    const all = [...configKeys().map(({ variable }) => variable), ...Object.keys(otherVariables), ...agentVariables];
    const unknown = all.filter((name) => !serviceVariables.includes(name) && !readVariables.includes(name));
    expect(unknown).toEqual([]);
    expect(serviceVariables.filter((name) => !all.includes(name))).toEqual([]);
  });
});
