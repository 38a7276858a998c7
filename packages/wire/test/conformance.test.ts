import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeOtlpLogs,
  decodeOtlpMetrics,
  decodeOtlpTraces,
  decodeSnappy,
  decodeWriteRequest,
  readOtlpMetrics,
  WireError,
} from '../src/index.ts';

const ROOT = join(process.cwd(), '../shared/conformance');
const NOW = 1_700_000_000_000;
const LIMIT = 32 << 20;
const read = (path: string) => new Uint8Array(readFileSync(join(ROOT, path)));
const readJson = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

interface Malformed {
  file: string;
  path: string;
  content_type: string;
  content_encoding: string | null;
  expect: string;
}

function decodeAt({ file, path, content_type }: Malformed): { length: number } {
  const body = read(`malformed/${file}`);
  const format = content_type === 'application/json' ? 'json' : 'protobuf';
  if (path === '/api/v1/write') return decodeWriteRequest(decodeSnappy(body, LIMIT)).series;
  if (path === '/v1/logs') return decodeOtlpLogs(body, format, NOW);
  return path === '/v1/traces' ? decodeOtlpTraces(body, format) : decodeOtlpMetrics(body, format, NOW).series;
}

/** The manifest's expectation where it leaves a choice: what this decoder does. */
const CHOSEN: Record<string, 'accepted' | 'refused'> = {
  'rw_utf8_name.bin': 'accepted',
  'rw_huge_label_1MiB.bin': 'accepted',
  'rw_many_labels_5000.bin': 'accepted',
  'rw_ts_extremes.bin': 'refused',
  'otlp_log_nested_50.pb': 'accepted',
  'otlp_log_nested_1000.pb': 'refused',
  'otlp_json_zero_traceid.json': 'refused',
  'otlp_json_bom.json': 'accepted',
};

describe.skipIf(!existsSync(join(ROOT, 'malformed')))('malformed bodies', () => {
  const cases: Malformed[] = existsSync(join(ROOT, 'malformed')) ? readJson('malformed/manifest.json') : [];
  const decoded = cases.filter((one) => one.content_encoding === null || one.content_encoding === 'snappy');
  it.each(decoded)('$file is answered: $expect', (one) => {
    const outcome = CHOSEN[one.file] ?? (one.expect.startsWith('200') ? 'accepted' : 'refused');
    if (outcome === 'accepted') expect(decodeAt(one).length).toBeGreaterThanOrEqual(0);
    else expect(() => decodeAt(one)).toThrow(WireError);
  });
});

const EXAMPLES = 'opentelemetry-proto/examples';
describe.skipIf(!existsSync(join(ROOT, EXAMPLES)))('the examples of opentelemetry-proto', () => {
  it('decode as traces, logs and events', () => {
    const [span] = decodeOtlpTraces(read(`${EXAMPLES}/trace.json`), 'json');
    expect(span).toMatchObject({ resource: { service: 'my.service' }, scope: 'my.library', kind: 'server' });
    const [log] = decodeOtlpLogs(read(`${EXAMPLES}/logs.json`), 'json', NOW);
    expect(log).toMatchObject({ severity: 10, severityText: 'Information', timeUnixNano: 1544712660300000000n });
    const [event] = decodeOtlpLogs(read(`${EXAMPLES}/events.json`), 'json', NOW);
    expect(event!.attributes.get('event.name')).toBe('browser.page_view');
  });

  it('decode as metrics, the delta among them as a counter that begins', () => {
    const conversion = readOtlpMetrics(read(`${EXAMPLES}/metrics.json`), { format: 'json', receivedAt: NOW });
    expect(conversion.deltas.map(({ family }) => family)).toEqual([
      'my_counter_total',
      'my_histogram',
      'my_exponential_histogram',
    ]);
    const { metadata, series } = conversion.finish(new Map());
    expect(conversion.rejections.message()).toBe('');
    expect(metadata.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'my_counter_total counter',
      'my_gauge_ratio gauge',
      'my_histogram histogram',
      'my_exponential_histogram histogram',
    ]);
    expect(series.find((labels) => labels.get('__name__') === 'my_counter_total')?.get('my_counter_attr')).toBe(
      'some value',
    );
  });
});
