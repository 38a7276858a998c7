import { encodeSnappy } from '../../../packages/wire/src/index.ts';
import { encodeV2, type SentHistogram, type SentSeries } from '../../../packages/wire/test/remote-write/encode-v2.ts';
import type { Peer } from '../../peers/process.ts';

type Pairs = Readonly<Record<string, string>>;

export interface Sent {
  readonly labels: Pairs;
  /** A float, or a histogram; neither for a series of metadata or exemplars alone. */
  readonly value?: number | 'stale';
  readonly histogram?: Omit<SentHistogram, 'timestamp'>;
  /** Milliseconds from now, 0 or negative. */
  readonly offset?: number;
  /** When its counting began, milliseconds from now. */
  readonly created?: number;
  readonly exemplars?: readonly { readonly labels: Pairs; readonly value: number; readonly offset?: number }[];
  readonly metadata?: SentSeries['metadata'];
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly written: Counts;
}

export interface Counts {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

export const CONTENT_TYPE = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';

const pairs = (labels: Pairs) => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));

/** The request as bytes; `now` is Unix milliseconds. */
export function encoded(sent: readonly Sent[], now: number): Uint8Array {
  const series = sent.map(({ labels, value, histogram, offset = 0, created, exemplars = [], metadata }) => {
    const timestamp = now + offset;
    const start = created === undefined ? undefined : now + created;
    return {
      labels: pairs(labels),
      ...(value !== undefined && {
        samples: [{ timestamp, start, ...(value === 'stale' ? { value: Number.NaN, stale: true } : { value }) }],
      }),
      ...(histogram && { histograms: [{ ...histogram, timestamp }] }),
      exemplars: exemplars.map((each) => ({
        labels: pairs(each.labels),
        value: each.value,
        timestamp: now + (each.offset ?? 0),
      })),
      ...(metadata && { metadata }),
    };
  });
  return encodeSnappy(encodeV2(series));
}

/** Posts a body; a header of `undefined` is left out. */
export async function post(peer: Peer, body: Uint8Array, headers: Pairs = {}): Promise<Answer> {
  const response = await fetch(`${peer.url}/api/v1/write`, {
    method: 'POST',
    headers: {
      ...peer.headers,
      'content-type': CONTENT_TYPE,
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '2.0.0',
      ...headers,
    },
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(20_000),
  });
  const count = (what: string) => Number(response.headers.get(`x-prometheus-remote-write-${what}-written`) ?? 0);
  const written = { samples: count('samples'), histograms: count('histograms'), exemplars: count('exemplars') };
  return { status: response.status, text: (await response.text()).slice(0, 300), written };
}

export function countsOf(sent: readonly Sent[]): Counts {
  const sum = (of: (each: Sent) => number) => sent.reduce((total, each) => total + of(each), 0);
  return {
    samples: sum(({ value }) => (value === undefined ? 0 : 1)),
    histograms: sum(({ histogram }) => (histogram ? 1 : 0)),
    exemplars: sum(({ exemplars = [] }) => exemplars.length),
  };
}

const isSame = (a: Counts, b: Counts): boolean => JSON.stringify(a) === JSON.stringify(b);

const show = ({ status, text, written }: Answer): string => `${status} ${JSON.stringify(written)} ${text}`;

/** Selects one series and no other. */
function selectorOf(labels: Pairs): string {
  const matchers = Object.entries(labels).map(([name, value]) => `${JSON.stringify(name)}=${JSON.stringify(value)}`);
  return `{${matchers.join(',')}}`.replaceAll('"__name__"=', '__name__=');
}

type Vector = readonly { readonly metric: Pairs; readonly value: readonly [number, string] }[];

async function instant(peer: Peer, query: string, at: number): Promise<Vector> {
  const form = new URLSearchParams({ query, time: String(at / 1000) });
  const response = await fetch(`${peer.url}/api/v1/query`, { method: 'POST', headers: peer.headers, body: form });
  const { data, error } = (await response.json()) as { data?: { result: Vector }; error?: string };
  if (!data) throw new Error(`${query}: ${error}`);
  return data.result;
}

const numberOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));

/** What the server holds of a series at the time of the sample, asked through the API. */
async function readBack(peer: Peer, { labels, value, histogram, offset = 0 }: Sent, now: number) {
  const at = now + offset;
  if (value !== undefined) {
    const found = (await instant(peer, selectorOf(labels), at)).filter(
      ({ metric }) => Object.keys(metric).length === Object.keys(labels).length,
    );
    const got = found.map((each) => numberOf(each.value[1]));
    const expected = value === 'stale' ? [] : [value];
    return JSON.stringify(got.map(String)) === JSON.stringify(expected.map(String))
      ? undefined
      : `holds ${got} of ${selectorOf(labels)}, expected ${expected}`;
  }
  if (!histogram) return undefined;
  // A native histogram, or the classic one that it was kept as.
  const name = labels.__name__ ?? '';
  const classic = selectorOf({ ...labels, __name__: `${name}_count` });
  const found = await instant(peer, `histogram_count(${selectorOf(labels)}) or ${classic}`, at);
  const got = found.map((each) => numberOf(each.value[1]));
  return got[0] === histogram.count ? undefined : `holds a count of ${got}, expected ${histogram.count}`;
}

/** Sends it all in one request: 2xx with everything counted, and every value can be read back. */
export async function accepts(peer: Peer, sent: readonly Sent[]): Promise<string | undefined> {
  const now = Date.now();
  const answer = await post(peer, encoded(sent, now));
  if (answer.status !== 204 && answer.status !== 200) return `answered ${show(answer)}`;
  if (!isSame(answer.written, countsOf(sent))) return `counted ${show(answer)}, sent ${JSON.stringify(countsOf(sent))}`;
  for (const each of sent) {
    const wrong = await readBack(peer, each, now);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Is told 400 with what was written all the same, which `good` says. */
export async function refuses(peer: Peer, sent: readonly Sent[], good: readonly Sent[] = []) {
  const now = Date.now();
  const answer = await post(peer, encoded(sent, now));
  if (answer.status !== 400) return `answered ${show(answer)}, expected 400`;
  if (!isSame(answer.written, countsOf(good)))
    return `counted ${show(answer)}, expected ${JSON.stringify(countsOf(good))}`;
  for (const each of good) {
    const wrong = await readBack(peer, each, now);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The status and that nothing was written. */
export async function answers(status: number, asked: Promise<Answer>): Promise<string | undefined> {
  const answer = await asked;
  const isEmpty = isSame(answer.written, countsOf([]));
  return answer.status === status && isEmpty ? undefined : `answered ${show(answer)}, expected ${status}`;
}
