/** Parts of URLs as they may be kept (https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/). */

/** Parameters whose values are keys to something. */
const SECRET = /(^|&)((?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&]*/g;

/** Of a target as in `GET /a?b=c`, or of an absolute one. `query` is without `?`, '' for none. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  return { path, query: mark < 0 ? '' : withoutSecrets(target.slice(mark + 1)) };
}

/** The values of parameters that hold a signature are `REDACTED`. */
export const withoutSecrets = (query: string): string => query.replace(SECRET, '$1$2REDACTED');

/** Of an authority such as `[::1]:80` or `example.com`; a port that is not there is that of the scheme. */
export function splitHost(authority: string, scheme: string): { readonly address: string; readonly port: number } {
  const [, address = authority, port = ''] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  return { address, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) };
}
