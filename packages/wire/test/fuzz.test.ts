import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeJsonLogs,
  decodeOtlpLogs,
  decodeOtlpMetrics,
  decodeOtlpTraces,
  decodeReadRequest,
  decodeSnappy,
  decodeWriteRequest,
  decodeWriteRequestV2,
  defaultOtlpSettings,
  encodeProtobufExposition,
  encodeSnappy,
  encodeWriteRequest,
  type Labels,
  type MetricBatch,
  type NativeHistogram,
  parseExposition,
  parseOpenMetrics,
  parseProtobufExposition,
  readOtlpMetrics,
  SeriesMemory,
  TRANSLATION_STRATEGIES,
  WireError,
} from '../src/index.ts';
import { encodeReadRequest } from './remote-read/reader.ts';

const NOW = 1_700_000_000_000;
const decoders: Record<string, (body: Uint8Array) => unknown> = {
  decodeSnappy: (b) => decodeSnappy(b, 1 << 20),
  decodeWriteRequest,
  decodeWriteRequestV2,
  decodeReadRequest,
  'decodeOtlpMetrics protobuf': (b) => decodeOtlpMetrics(b, 'protobuf', NOW),
  'decodeOtlpMetrics json': (b) => decodeOtlpMetrics(b, 'json', NOW),
  'decodeOtlpLogs protobuf': (b) => decodeOtlpLogs(b, 'protobuf', NOW),
  'decodeOtlpLogs json': (b) => decodeOtlpLogs(b, 'json', NOW),
  'decodeOtlpTraces protobuf': (b) => decodeOtlpTraces(b, 'protobuf'),
  'decodeOtlpTraces json': (b) => decodeOtlpTraces(b, 'json'),
  decodeJsonLogs: (b) => decodeJsonLogs(b, NOW),
  parseExposition: (b) => parseExposition(new TextDecoder().decode(b), NOW),
  parseOpenMetrics: (b) => parseOpenMetrics(new TextDecoder().decode(b), NOW),
  'parseExposition with custom buckets': (b) => converted(parseExposition, b),
  'parseOpenMetrics with custom buckets': (b) => converted(parseOpenMetrics, b),
  'parseProtobufExposition with custom buckets': (b) =>
    wellMade(
      parseProtobufExposition(b, NOW, { nativeHistograms: true, alwaysClassic: true, convertsClassic: true }).batch,
    ),
};

/** By way of a memory, twice, which must not make a difference. */
function converted(parse: typeof parseExposition, body: Uint8Array): void {
  const text = new TextDecoder().decode(body);
  const memory = new SeriesMemory<unknown>();
  memory.begin();
  const first = parse(text, NOW, memory, { keepsClassic: false });
  memory.keep();
  memory.begin();
  const again = parse(text, NOW, memory, { keepsClassic: false });
  wellMade(first);
  if (!isDeepStrictEqual(first, again)) throw new Error('what is remembered changes the histograms');
}

/** Remote write takes what was converted. */
function wellMade({ series, histograms = [] }: MetricBatch): void {
  const all = histograms.map(({ series: place, ...histogram }) => ({
    labels: series[place] as Labels,
    samples: [],
    histograms: [histogram],
  }));
  const read = decodeWriteRequest(encodeWriteRequest(all)).histograms ?? [];
  if (read.length !== all.length) throw new Error('a histogram that cannot be written');
}

for (const [i, translationStrategy] of TRANSLATION_STRATEGIES.entries()) {
  const settings = { ...defaultOtlpSettings, promoteAllResourceAttributes: true, promoteScopeMetadata: true };
  for (const format of ['protobuf', 'json'] as const) {
    decoders[`readOtlpMetrics ${format} by ${translationStrategy}`] = (body) => {
      const options = { format, receivedAt: NOW, settings: { ...settings, translationStrategy } };
      const conversion = readOtlpMetrics(body, options);
      const batch = conversion.finish(new Map());
      if (conversion.rejections.points > conversion.points) throw new Error('more points refused than there are');
      for (const labels of batch.series) if (!labels.get('__name__')) throw new Error('a series without a name');
      if (i === 0) wellOrdered(batch.series);
    };
  }
}

function wellOrdered(series: readonly ReadonlyMap<string, string>[]): void {
  for (const labels of series) {
    const names = [...labels.keys()];
    if (names.some((name, i) => i > 0 && name <= names[i - 1]!)) throw new Error('labels out of order');
  }
}

/** Runs a decoder; passes unless it throws something that is not a WireError. */
function answers(decode: (body: Uint8Array) => unknown, body: Uint8Array): boolean {
  try {
    decode(body);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
  return true;
}

/** Goes out in protobuf as a classic histogram. */
function classicOf(count: number): NativeHistogram {
  const { histograms = [] } = parseExposition(
    `# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="2"} 2\nh_count ${count}\nh_sum 3\n`,
    NOW,
    undefined,
    { keepsClassic: false },
  );
  return histograms[0]?.histogram as NativeHistogram;
}

const encoder = new TextEncoder();
const valid: Uint8Array[] = [
  encodeWriteRequest([
    {
      labels: new Map([
        ['__name__', 'm'],
        ['a', 'b'],
      ]),
      samples: [{ timestamp: 1, value: 2 }],
      exemplars: [{ labels: new Map([['trace_id', 'x']]), timestamp: 1, value: 2 }],
    },
  ]),
  encodeReadRequest({
    queries: [
      {
        start: 1,
        end: 2,
        matchers: [{ op: '=~', name: '__name__', value: 'm.*' }],
        hints: { start: 1, end: 2, step: 3, func: 'rate', range: 4, grouping: ['a'], by: true },
      },
    ],
    acceptedResponseTypes: [1, 0],
  }),
  encodeSnappy(new Uint8Array(300)),
  encoder.encode('{"time":"2026-01-01T00:00:00Z","msg":"x","level":30}\n{"ts":1,"a":[1]}'),
  encoder.encode('# TYPE a counter\n# UNIT a s\na_total{b="c"} 1 1.5 # {trace_id="x"} 0.5 1.25\n# EOF\n'),
  encoder.encode('# TYPE a counter\n# HELP a b\na{b="c\\n",d="e"} 1e3 5\n{"q q"} NaN\n'),
  encoder.encode(
    '# TYPE h histogram\nh_bucket{a="b",le="0.5"} 1\nh_bucket{a="b",le="+Inf"} 3.5\nh_sum{a="b"} NaN\nh_count{a="b"} 3.5\nh_count 2\n',
  ),
  encoder.encode(
    '# TYPE h histogram\nh_bucket{le="0.5"} 1 # {t="x"} 0.25 1\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\nh_created 1\n# EOF\n',
  ),
  encodeProtobufExposition([
    { name: 'h', type: 'histogram', metrics: [{ labels: new Map([['a', 'b']]), timestamp: 0, value: classicOf(2.5) }] },
    { name: 'i', type: 'histogram', metrics: [{ labels: new Map(), timestamp: 5, value: classicOf(4) }] },
  ]),
  encoder.encode(
    '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"asInt":"1","timeUnixNano":1767225600000000000}]}}]}]}]}',
  ),
  encoder.encode(
    '{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeMetrics":[{"metrics":[{"name":"c","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"asInt":"1","startTimeUnixNano":"1767225600000000000","timeUnixNano":"1767225601000000000"}]}},{"name":"h","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[{"count":3,"sum":4,"scale":3,"zeroCount":1,"positive":{"offset":2,"bucketCounts":["1","1"]},"timeUnixNano":"1767225601000000000"}]}}]}]}]}',
  ),
  encoder.encode(
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}]}}}]}]}]}',
  ),
];
const mutated = fc
  .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), fc.nat())
  .map(([body, edits, cut]) => {
    const copy = body.slice(0, cut % 4 === 0 ? cut % (body.length + 1) : body.length);
    for (const [at, byte] of edits) if (copy.length > 0) copy[at % copy.length] = byte;
    return copy;
  });
// Tags of small fields and small lengths: far more likely to be nearly valid protobuf than random bytes are.
const nearlyProto = fc.array(
  fc.constantFrom(1, 2, 3, 4, 8, 9, 10, 16, 17, 18, 26, 34, 42, 50, 58, 74, 82, 90, 128, 255),
  {
    maxLength: 60,
  },
);

describe.each(Object.entries(decoders))('%s', (_, decode) => {
  it('throws nothing but WireError on random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => answers(decode, body)));
  });

  it('throws nothing but WireError on damaged bodies', () => {
    fc.assert(
      fc.property(mutated, (body) => answers(decode, body)),
      { numRuns: 500 },
    );
  });

  it('throws nothing but WireError on nearly valid protobuf', () => {
    fc.assert(
      fc.property(nearlyProto, (bytes) => answers(decode, Uint8Array.from(bytes))),
      { numRuns: 500 },
    );
  });

  const corpus = new URL('corpus/', import.meta.url);
  it.each(readdirSync(corpus).sort())('survives %s', (file) => {
    expect(answers(decode, readFileSync(new URL(file, corpus)))).toBe(true);
  });
});
