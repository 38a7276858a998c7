/** Commands wait for other clients by their nature (https://redis.io/docs/latest/commands/?group=list and others). */
const BLOCKING = new Set([
  'BLMOVE',
  'BLMPOP',
  'BLPOP',
  'BRPOP',
  'BRPOPLPUSH',
  'BZMPOP',
  'BZPOPMAX',
  'BZPOPMIN',
  'WAIT',
  'WAITAOF',
]);
/** Only if they say BLOCK. */
const MAY_BLOCK = new Set(['XREAD', 'XREADGROUP']);

const NAME = /^[A-Z][A-Z0-9._-]{0,39}$/;
const MOST_NAMES = 500;

const names = new Map<string, string>();

/** `get` and `GET` are `GET`. What cannot be the name of a command, and names beyond some number, are `other`. */
export function commandName(given: string): string {
  const known = names.get(given);
  if (known !== undefined) return known;
  const upper = given.toUpperCase();
  const name = NAME.test(upper) && (names.size < MOST_NAMES || names.has(upper)) ? upper : 'other';
  if (names.size < 2 * MOST_NAMES) names.set(given, name);
  return name;
}

/** Of a command whose time is that of others, not of the server. */
export function waits(name: string, args: readonly unknown[]): boolean {
  if (BLOCKING.has(name)) return true;
  if (!MAY_BLOCK.has(name)) return false;
  // Options stand before the keys: XREADGROUP GROUP g c COUNT n BLOCK ms.
  for (let place = 0; place < Math.min(args.length, 8); place++) {
    const one = args[place];
    if (typeof one === 'string' && one.toUpperCase() === 'BLOCK') return true;
  }
  return false;
}

const REPLIES = new Set(['ReplyError', 'SimpleError', 'BlobError', 'ErrorReply']);
const CLASS = /^[A-Z][A-Za-z]{2,60}$/;

/** The first word of what the server replied, as WRONGTYPE, else the class of an error without a code of its own. */
export function redisCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const kind = error.constructor.name;
  if (REPLIES.has(kind)) return /^[A-Z]{2,20}(?= )/.exec(error.message)?.[0] ?? 'ERR';
  const { code } = error as { readonly code?: unknown };
  return code === undefined && kind !== 'Error' && CLASS.test(kind) ? kind : undefined;
}
