import { encodeSnappy, encodeWriteRequest, type WriteSeries } from '../../packages/wire/src/index.ts';
import type { Peer } from './process.ts';

/** Sends the series by remote write 1.0 in one request. Throws with what the server answered. */
export async function remoteWrite({ name, url, headers }: Peer, series: readonly WriteSeries[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: encodeSnappy(encodeWriteRequest(series)) as Uint8Array<ArrayBuffer>,
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${name} refuses remote write: ${response.status} ${text.slice(0, 500)}`);
}
