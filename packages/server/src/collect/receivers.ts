import type { BodyFormat, BodyKind } from './record.ts';

/** One way in: a path, what it takes, and what its bodies are. A new receiver is one more row. */
export interface Receiver {
  readonly path: string;
  readonly kind: BodyKind;
  /** Media type (without parameters) to the format of the body. */
  readonly formats: Readonly<Record<string, BodyFormat>>;
  /** The same by the media type's parameter `proto`, where it is there; other messages are refused. */
  readonly messages?: Readonly<Record<string, BodyFormat>>;
  /** Content encodings that are undone on the way in; others are refused. */
  readonly encodings: readonly ('identity' | 'gzip' | 'deflate' | 'snappy')[];
  readonly answer: 'otlp' | 'empty';
}

const otlpFormats = { 'application/x-protobuf': 'protobuf', 'application/json': 'json' } as const;
const otlpEncodings = ['identity', 'gzip', 'deflate'] as const;

export const receivers: readonly Receiver[] = [
  {
    path: '/api/v1/write',
    kind: 'remote-write',
    formats: { 'application/x-protobuf': 'snappy-protobuf' },
    messages: { 'prometheus.WriteRequest': 'snappy-protobuf', 'io.prometheus.write.v2.Request': 'snappy-write-v2' },
    encodings: ['snappy'],
    answer: 'empty',
  },
  { path: '/v1/metrics', kind: 'otlp-metrics', formats: otlpFormats, encodings: otlpEncodings, answer: 'otlp' },
  { path: '/v1/logs', kind: 'otlp-logs', formats: otlpFormats, encodings: otlpEncodings, answer: 'otlp' },
  { path: '/v1/traces', kind: 'otlp-traces', formats: otlpFormats, encodings: otlpEncodings, answer: 'otlp' },
  {
    path: '/api/v1/logs/json',
    kind: 'json-logs',
    formats: {
      'application/x-ndjson': 'ndjson',
      'application/jsonl': 'ndjson',
      'application/json': 'ndjson',
      'text/plain': 'ndjson',
    },
    encodings: ['identity', 'gzip', 'deflate'],
    answer: 'empty',
  },
];
