/** Every error that Nightshift shows, in one place: stable code, HTTP status, and what to say. docs/reference/errors.md is generated from it. */

const catalogue = {
  AUTH_MISSING: [401, 'This path needs a bearer token or a session: send `Authorization: Bearer TOKEN`.'],
  AUTH_INVALID: [401, 'The token or session is unknown or has expired.'],
  AUTH_LOGIN: [401, 'Name or password is wrong.'],
  AUTH_RIGHT: [403, 'This needs the right `{right}`; the token has {have}.'],
  AUTH_ORIGIN: [403, 'A change from another origin ({origin}) is refused.'],
  RATE_LIMITED: [429, 'Too many attempts; try again in {seconds} s.'],
  NOT_FOUND: [404, 'There is no {what} here.'],
  METHOD_NOT_ALLOWED: [405, '{method} is not allowed here; allowed: {allowed}.'],
  BODY_INVALID: [400, '{reason}'],
  BODY_TOO_LARGE: [413, 'The body has more than {limit} bytes ({which}).'],
  CONTENT_TYPE: [415, 'Content type {got} is not taken here; allowed: {allowed}.'],
  CONTENT_ENCODING: [415, 'Content encoding {got} is not taken here; allowed: {allowed}.'],
  PARAMETER_INVALID: [400, 'Parameter `{name}`: {reason}'],
  OVERLOADED: [429, 'The queue is full ({what}); try again.'],
  INGEST_RATE: [
    429,
    'The {sender} sends more than {limit} samples per second (samplesPerSecond); try again in {seconds} s.',
  ],
  INGEST_CONCURRENCY: [429, 'The {sender} has {limit} requests under way already (maxConcurrent); try again.'],
  ENGINE_DOWN: [503, 'The storage engine is not up ({reason}); try again.'],
  SPOOL_UNAVAILABLE: [503, 'Nothing can be stored right now: {reason}. Free space or rights; it recovers by itself.'],
  CONFLICT: [409, '{reason}'],
  GATEWAY_DOWN: [503, 'The gateway does not answer ({reason}).'],
  QUERY_LIMIT: [422, '{reason}'],
  QUERY_MEMORY: [
    503,
    'The queries that run now wanted {held} bytes together, the limit is {limit} (query.maxTotalBytes). Try again, ask for less, or raise it in the configuration.',
  ],
  QUERY_TIMEOUT: [503, 'query timed out in expression evaluation: the request allowed {seconds} s.'],
  QUERY_CANCELED: [499, 'query was canceled in expression evaluation: the client went away.'],
  CONFIG_INVALID: [500, '{reason}'],
  DATA_DIR_IN_USE: [500, 'The data directory {dir} is in use by process {pid}. Stop it, or set `dataDir`.'],
  DATA_DIR_UNWRITABLE: [500, 'The data directory {dir} cannot be written: {reason}.'],
  ENGINE_START: [500, 'The embedded engine cannot start: {reason}'],
  INTERNAL: [500, 'Something went wrong inside; the log has it under {id}.'],
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof catalogue;

/** An error of the catalogue with its blanks filled in. `retryAfter` (seconds) becomes the header of that name. */
export class NightshiftError extends Error {
  override readonly name = 'NightshiftError';
  readonly status: number;
  constructor(
    readonly code: ErrorCode,
    fields: Readonly<Record<string, string | number>> = {},
    readonly retryAfter?: number,
  ) {
    super(catalogue[code][1].replace(/\{(\w+)\}/g, (_, key: string) => String(fields[key] ?? '?')));
    this.status = catalogue[code][0];
  }
}

/** Code, status and template of every error, in the order of the reference page. */
export function errorTable(): readonly { code: string; status: number; template: string }[] {
  return Object.entries(catalogue).map(([code, [status, template]]) => ({ code, status, template }));
}
