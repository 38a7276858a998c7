/** Bodies of remote write, made before anything is measured, in a file that the sender reads. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { encodeSnappy, encodeWriteRequest } from '../../packages/wire/src/index.ts';
import { FIXED64, VARINT } from '../../packages/wire/src/protobuf/reader.ts';
import { ProtoWriter } from '../../packages/wire/src/protobuf/writer.ts';
import { generateFleet } from '../promql/series.ts';

export interface Load {
  /** Unix milliseconds of the first scrape. */
  readonly start: number;
  readonly scrapeMs: number;
  readonly scrapes: number;
  readonly connections: number;
  readonly samplesPerRequest: number;
}

export interface Written {
  /** Names of the metrics. */
  readonly metrics: readonly string[];
  readonly series: number;
  readonly samples: number;
  readonly bodies: number;
  readonly bytes: number;
}

/** The labels of a series as they stand in its message. */
function labelBytes(labels: ReadonlyMap<string, string>): Uint8Array {
  const request = encodeWriteRequest([{ labels, samples: [] }]);
  return request.subarray(request[1]! < 0x80 ? 2 : 3);
}

/**
 * Writes `connection u32 | length u32 | body`, repeated, little-endian. As Prometheus' shards do, each connection has the
 * same series every time, so that the samples of a series stay in order, and sends as soon as a request is full.
 */
export function writeBodies(file: string, load: Load): Written {
  const { start, scrapeMs, scrapes, connections, samplesPerRequest } = load;
  const generated = generateFleet();
  const metrics = [...new Set(generated.map(({ labels }) => labels.get('__name__') ?? ''))];
  const fleet = generated.map(({ labels, value }) => ({ bytes: labelBytes(labels), value }));
  const shards = Array.from({ length: connections }, (_, shard) => fleet.filter((_, i) => i % connections === shard));
  const out = openSync(file, 'w', 0o600);
  let bodies = 0;
  let bytes = 0;
  const put = (connection: number, writer: ProtoWriter) => {
    const body = encodeSnappy(writer.finish());
    const head = Buffer.alloc(8);
    head.writeUInt32LE(connection, 0);
    head.writeUInt32LE(body.length, 4);
    writeSync(out, head);
    writeSync(out, body);
    bodies++;
    bytes += body.length;
  };
  const requests = shards.map(() => ({ writer: new ProtoWriter(1 << 19), samples: 0 }));
  for (let scrape = 0; scrape < scrapes; scrape++) {
    for (const [connection, shard] of shards.entries()) {
      const request = requests[connection]!;
      for (const series of shard) {
        writeSample(request.writer, series.bytes, start + scrape * scrapeMs, series.value(scrape));
        if (++request.samples < samplesPerRequest) continue;
        put(connection, request.writer);
        request.writer = new ProtoWriter(1 << 19);
        request.samples = 0;
      }
    }
  }
  for (const [connection, { writer, samples }] of requests.entries()) if (samples > 0) put(connection, writer);
  closeSync(out);
  return { metrics, series: fleet.length, samples: fleet.length * scrapes, bodies, bytes };
}

function writeSample(writer: ProtoWriter, labels: Uint8Array, timestamp: number, value: number): void {
  const series = writer.open(1);
  writer.raw(labels);
  const sample = writer.open(2);
  writer.tag(1, FIXED64);
  writer.double(value);
  writer.tag(2, VARINT);
  writer.int64(timestamp);
  writer.close(sample);
  writer.close(series);
}

/** The bodies of each connection, in the order in which they are to be sent; views into the file's bytes. */
export function readBodies(file: string): Buffer[][] {
  const bytes = readFileSync(file);
  const bodies: Buffer[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const connection = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    bodies[connection] ??= [];
    bodies[connection].push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return bodies;
}
