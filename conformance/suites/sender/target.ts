import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FIXED64, VARINT } from '../../../packages/wire/src/protobuf/reader.ts';
import { ProtoWriter } from '../../../packages/wire/src/protobuf/writer.ts';

const OPEN = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const PROTOBUF = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Values of the metrics `value_…`, as they are written. */
export const VALUES: Readonly<Record<string, string>> = {
  regular: '3.14159',
  integer: '42',
  zero: '0',
  negative: '-17.5',
  infinite: '+Inf',
  minus_infinite: '-Inf',
  nan: 'NaN',
  large: '1.7976931348623157e308',
  small: '5e-324',
  scientific: '6.02214076e23',
  precise: '0.1234567890123456',
};

export const LONG = 'x'.repeat(12_000);
export const LONG_NAME = `long_${'n'.repeat(300)}`;
export const UNICODE = 'Ωmega 日本 🌙';
export const SPECIAL = 'a"b\\c\nd\te';
export const HELP = 'Newlines\nand "quotes" and \\ of it.';

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
const helpText = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

type Page = (scrape: number) => { readonly type: string; readonly body: string | Uint8Array };

const text = (...lines: string[]) => ({ type: TEXT, body: `${lines.join('\n')}\n` });

/** A histogram of client_model's MetricFamily (io/prometheus/client/metrics.proto), delimited. */
function nativeHistogram(name: string, count: number, positive: readonly number[], negative: readonly number[]) {
  const family = new ProtoWriter();
  family.string(1, name);
  family.string(2, 'A native histogram.');
  family.tag(3, VARINT);
  family.uint32(4);
  const metric = family.open(4);
  const histogram = family.open(7);
  family.tag(1, VARINT);
  family.int64(count);
  family.tag(2, FIXED64);
  family.double(count * 1.5);
  family.tag(5, VARINT);
  family.uint32(6); // Schema 3, in zigzag.
  family.tag(6, FIXED64);
  family.double(1e-9);
  family.tag(7, VARINT);
  family.int64(count - [...positive, ...negative].reduce((sum, one) => sum + one, 0));
  const buckets = (field: number, counts: readonly number[]) => {
    const span = family.open(field);
    family.tag(2, VARINT);
    family.uint32(counts.length);
    family.close(span);
    let before = 0;
    for (const each of counts) {
      family.tag(field + 1, VARINT);
      family.int64(each >= before ? 2 * (each - before) : 2 * (before - each) - 1);
      before = each;
    }
  };
  if (negative.length > 0) buckets(9, negative);
  // Without observations a span of length 0 tells that it is a native one.
  buckets(12, positive);
  family.close(histogram);
  family.close(metric);
  const bytes = family.finish();
  const delimited = new ProtoWriter();
  delimited.uint32(bytes.length);
  delimited.raw(bytes);
  return delimited.finish();
}

export const LARGE_COUNT = 2 ** 50;

/** Pages by their path, which is their job as well; `scrape` counts from 1. */
export const PAGES: Readonly<Record<string, Page>> = {
  basic: (scrape) =>
    text(
      '# HELP ticks_total Counts scrapes.',
      '# TYPE ticks_total counter',
      `ticks_total ${scrape}`,
      '# HELP temperature It is warm.',
      '# TYPE temperature gauge',
      'temperature{room="a"} 20.5',
      'temperature{room="b"} 21.5',
      '# TYPE no_help gauge',
      'no_help 1',
      '# HELP latency_seconds A summary.',
      '# TYPE latency_seconds summary',
      'latency_seconds{quantile="0.5"} 0.1',
      'latency_seconds_sum 3',
      'latency_seconds_count 7',
      '# HELP size_bytes A histogram.',
      '# TYPE size_bytes histogram',
      'size_bytes_bucket{le="1"} 1',
      'size_bytes_bucket{le="+Inf"} 3',
      'size_bytes_sum 9',
      'size_bytes_count 3',
      'job:rule:sum 5',
      ...(scrape <= 2 ? ['goes_away 1'] : []),
    ),
  values: () => text(...Object.entries(VALUES).map(([name, value]) => `value_${name} ${value}`)),
  labels: () =>
    text(
      `unicode{label="${UNICODE}"} 1`,
      `special{label="${escaped(SPECIAL)}"} 1`,
      `unsorted{z="1",a="2",m="3"} 1`,
      `empty_value{label=""} 1`,
      `long_label_value{label="${LONG}"} 1`,
      `long_label_name{${LONG_NAME}="1"} 1`,
      `${LONG_NAME} 1`,
      `many_labels{${Array.from({ length: 60 }, (_, i) => `label_${String(i).padStart(2, '0')}="${i}"`).join(',')}} 1`,
      `# HELP told ${helpText(HELP)}`,
      '# TYPE told gauge',
      'told 1',
    ),
  open: (scrape) => ({
    type: OPEN,
    body: [
      '# TYPE request_seconds histogram',
      '# UNIT request_seconds seconds',
      '# HELP request_seconds How long requests take.',
      `request_seconds_bucket{le="0.5"} ${scrape} # {trace_id="t${scrape}",span_id="s${scrape}"} 0.25 ${Date.now() / 1000}`,
      `request_seconds_bucket{le="+Inf"} ${2 * scrape} # {custom="c${scrape}"} 7.5 ${Date.now() / 1000}`,
      `request_seconds_sum ${8 * scrape}`,
      `request_seconds_count ${2 * scrape}`,
      '# TYPE hits counter',
      '# HELP hits Hits.',
      `hits_total ${scrape} # {trace_id="h${scrape}"} 1 ${Date.now() / 1000}`,
      '# EOF',
      '',
    ].join('\n'),
  }),
  native: (scrape) => ({
    type: PROTOBUF,
    body: Buffer.concat([
      nativeHistogram('native_seconds', 10 + scrape, [1, 3, 2], [1, 2]),
      nativeHistogram('native_empty', 0, [], []),
      nativeHistogram('native_large', LARGE_COUNT, [5, LARGE_COUNT / 2], []),
    ]),
  }),
  times: (scrape) => text(`at_zero{scrape="${scrape}"} 1 0`, `ahead ${scrape} ${Date.now() + 60_000}`),
  empty: () => ({ type: TEXT, body: '' }),
  many: (scrape) =>
    text(...Array.from({ length: 3000 }, (_, i) => `many{series="${i}",half="${i % 2}"} ${scrape + i}`)),
};

export interface Target {
  /** `host:port`. */
  readonly address: string;
  close(): void;
}

export async function startTarget(): Promise<Target> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    const scrape = (counts.get(name) ?? 0) + 1;
    counts.set(name, scrape);
    const page = PAGES[name]?.(scrape);
    if (page) response.writeHead(200, { 'content-type': page.type }).end(page.body);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await new Promise((up) => server.once('listening', up));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
