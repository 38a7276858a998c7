/** Of RFC 9110, PATCH of RFC 5789, and QUERY (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/). */
const KNOWN = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE']);

/** The value of the label: a method that is known, else `_OTHER`. */
export const knownMethod = (method: string | undefined): string =>
  method !== undefined && KNOWN.has(method) ? method : '_OTHER';
