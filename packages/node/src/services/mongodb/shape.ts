/** The shape of a command: its fields and operators, without a value. */

/** Fields of the protocol and the session that say nothing about what was asked. */
const LEFT_OUT = new Set(['lsid', '$db', '$clusterTime', 'txnNumber', '$readPreference', 'cursor', 'autocommit']);
/** Documents that are stored are values altogether. */
const VALUES = new Set(['documents']);
const DEEPEST = 6;
const MOST_ELEMENTS = 5;
const LONGEST = 2000;

/** `find users {filter: {age: {$gt: ?}}, limit: ?}`. May throw where a getter of the application's does. */
export function shapeOf(name: string, command: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(command)
    .filter(([key]) => key !== name && key !== 'collection' && !LEFT_OUT.has(key))
    .map(([key, value]) => `${key}: ${VALUES.has(key) ? '?' : shape(value, 1)}`);
  const collection = collectionOf(name, command);
  const head = collection === '' ? name : `${name} ${collection}`;
  return (fields.length === 0 ? head : `${head} {${fields.join(', ')}}`).slice(0, LONGEST);
}

function shape(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    if (depth >= DEEPEST) return '[…]';
    const parts = value.slice(0, MOST_ELEMENTS).map((one) => shape(one, depth + 1));
    // A list of values is one value, whatever its length.
    if (parts.every((part) => part === '?')) return '[?]';
    return `[${parts.join(', ')}${value.length > MOST_ELEMENTS ? ', …' : ''}]`;
  }
  if (!isDocument(value)) return '?';
  if (depth >= DEEPEST) return '{…}';
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return `{${entries.map(([key, one]) => `${key}: ${shape(one, depth + 1)}`).join(', ')}}`;
}

/** Not a value of BSON, such as an ObjectId, nor a date or a buffer. */
function isDocument(value: unknown): value is Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Map) return true;
  const prototype = Object.getPrototypeOf(value);
  return (prototype === null || prototype === Object.prototype) && !('_bsontype' in value);
}

/** '' where the command is about none, as `ping`. */
export function collectionOf(name: string, command: Readonly<Record<string, unknown>>): string {
  const named = name === 'getMore' ? command.collection : command[name];
  return typeof named === 'string' ? named : '';
}
