/** Values of log calls as text and attributes: bounded, and without running any code of the application. */
import { format, types } from 'node:util';
import type { AttributeValue } from '../tracing/tracer.ts';
import type { LogContent } from './record.ts';

const MOST_TEXT = 8192;
const MOST_ATTRIBUTES = 64;
const MOST_ITEMS = 32;
const MOST_DEPTH = 4;

const cut = (text: string): string => (text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text);

/** What `console.log` would print of these, about: objects are shown shorter. */
export function textOfArguments(values: readonly unknown[]): string {
  if (values.length === 1 && typeof values[0] === 'string') return cut(values[0]);
  return cut(format(...values.slice(0, MOST_ITEMS).map(asPrimitive)));
}

const asPrimitive = (value: unknown): unknown => {
  if (typeof value === 'string') return cut(value);
  return isPlain(value) ? value : textOf(value);
};

const isPlain = (value: unknown): boolean =>
  value === null || (typeof value !== 'object' && typeof value !== 'function');

/** Any value; of objects only properties of their own that are no getters are read. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return cut(value);
  return cut(new Shower().show(value, 0));
}

/** One level of the properties of a record, those without `without`. */
export function attributesOf(record: object, without: ReadonlySet<string>): Readonly<Record<string, AttributeValue>> {
  const attributes: Record<string, AttributeValue> = {};
  let count = 0;
  for (const [name, value] of ownValues(record)) {
    if (without.has(name) || value === undefined || value === null) continue;
    if (count++ >= MOST_ATTRIBUTES) break;
    attributes[name] = attributeOf(value);
  }
  return attributes;
}

/** Characters, about. */
export const sizeOf = ({ body, attributes }: LogContent): number =>
  Object.values(attributes).reduce<number>((sum, value) => sum + String(value).length, body.length);

function attributeOf(value: unknown): AttributeValue {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return textOf(value);
}

/** The own enumerable properties that are values. A proxy is not asked. */
export function* ownValues(object: object): Generator<readonly [string, unknown]> {
  if (types.isProxy(object)) return;
  // `in` would show what is inherited; `for…in` stops early where `Object.keys` would first list millions.
  for (const name in object) {
    const property = Object.getOwnPropertyDescriptor(object, name);
    if (property) yield [name, 'value' in property ? property.value : '[Getter]'];
  }
}

/** The value of an own property that is no getter. */
export function ownValue(object: object, name: string | symbol): unknown {
  if (types.isProxy(object)) return undefined;
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

/** Much like JSON. Stops when it has written enough. */
class Shower {
  private left = MOST_TEXT;
  private readonly above: unknown[] = [];

  show(value: unknown, depth: number): string {
    const text = this.text(value, depth);
    this.left -= text.length;
    return text;
  }

  private text(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return depth === 0 ? value : JSON.stringify(value.slice(0, Math.max(0, this.left)));
      case 'bigint':
        return `${value}n`;
      case 'function':
        return '[Function]';
      case 'object':
        return value === null ? 'null' : this.object(value, depth);
      default:
        return String(value);
    }
  }

  private object(value: object, depth: number): string {
    if (types.isProxy(value)) return '[Proxy]';
    if (types.isNativeError(value)) return errorText(value);
    if (types.isDate(value)) return dateText(value);
    if (this.above.includes(value)) return '[Circular]';
    if (depth >= MOST_DEPTH || this.left <= 0) return Array.isArray(value) ? '[Array]' : '[Object]';
    this.above.push(value);
    const text = Array.isArray(value) ? this.list(value, depth) : this.properties(value, depth);
    this.above.pop();
    return text;
  }

  private list(values: readonly unknown[], depth: number): string {
    const shown: string[] = [];
    for (let place = 0; place < Math.min(values.length, MOST_ITEMS) && this.left > 0; place++) {
      const property = Object.getOwnPropertyDescriptor(values, place);
      shown.push(property && !('value' in property) ? '[Getter]' : this.show(property?.value, depth + 1));
    }
    return `[${shown.join(',')}${values.length > shown.length ? ',…' : ''}]`;
  }

  private properties(value: object, depth: number): string {
    const shown: string[] = [];
    for (const [name, one] of ownValues(value)) {
      if (shown.length >= MOST_ITEMS || this.left <= 0) {
        shown.push('…');
        break;
      }
      shown.push(`${JSON.stringify(name.slice(0, 256))}:${this.show(one, depth + 1)}`);
    }
    return `{${shown.join(',')}}`;
  }
}

/** The stack is made by whoever printed the error before; it is a value of its own. */
function errorText(error: Error): string {
  const stack = ownValue(error, 'stack');
  if (typeof stack === 'string') return stack;
  const message = ownValue(error, 'message');
  return typeof message === 'string' ? message : '[Error]';
}

function dateText(date: Date): string {
  const ms = Date.prototype.getTime.call(date);
  return Number.isNaN(ms) ? 'Invalid Date' : Date.prototype.toISOString.call(date);
}
