import { type Matcher, PromqlParseError, parseDuration, parseSelector } from '@nightshift/promql';
import type { FastifyRequest } from 'fastify';
import type { TimeRange } from '../../store/store.ts';
import { badData, invalidParameter } from './failure.ts';

/** The bounds of time that Prometheus prints, which JavaScript cannot parse; clients send them back. */
const bounds: Readonly<Record<string, number>> = {
  '-292273086-05-16T16:47:06Z': Number.MIN_SAFE_INTEGER,
  '292277025-08-18T07:12:54.999999999Z': Number.MAX_SAFE_INTEGER,
};

/** Milliseconds of the longest duration of Go, 2^63 nanoseconds. */
const longest = 2 ** 63 / 1e6;

/** What is said of a selector that any series matches; it has no place in the text. */
const emptySelector = 'match[] must contain at least one non-empty matcher';

const rfc3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds of a time in RFC 3339; NaN for anything else, a 30th of February too, which JavaScript takes for a day in March. */
function parseRfc3339(text: string): number {
  const [, day] = rfc3339.exec(text) ?? [];
  const midnight = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(`${day}T`)
    ? Number.NaN
    : Date.parse(text);
}

/** What Go's strconv.ParseFloat reads as a decimal number; NaN for everything else. */
const decimal = (text: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;

/** A time of the API: Unix seconds with a fraction, or RFC 3339. Returns milliseconds; undefined if it is neither, or too far. */
export function timeOf(text: string): number | undefined {
  const seconds = decimal(text);
  const ms = Number.isNaN(seconds) ? (bounds[text] ?? parseRfc3339(text)) : Math.round(seconds * 1000);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** A duration of the API: seconds with a fraction, or `1m30s`. Returns milliseconds, which may be negative; undefined if it is neither. */
export function durationOf(text: string): number | undefined {
  const seconds = decimal(text);
  if (!Number.isNaN(seconds)) return seconds * 1000;
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

/** The parameters of one request, those of a form before those of the address, as Go's net/http has them. */
export class Parameters {
  readonly #values = new URLSearchParams();

  constructor(request: Pick<FastifyRequest, 'url' | 'body'>) {
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '';
    const forms = request.body instanceof URLSearchParams ? [request.body] : [];
    for (const form of [...forms, new URLSearchParams(query)]) {
      for (const [key, value] of form) this.#values.append(key, value);
    }
  }

  /** '' where it is absent. */
  text(name: string): string {
    return this.#values.get(name) ?? '';
  }

  all(name: string): string[] {
    return this.#values.getAll(name);
  }

  /** A time that has to be there, in milliseconds. */
  time(name: string): number {
    const text = this.text(name);
    const ms = timeOf(text);
    if (ms === undefined) throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
    return ms;
  }

  timeOr(name: string, fallback: number): number {
    const text = this.text(name);
    if (text === '') return fallback;
    const ms = timeOf(text);
    if (ms !== undefined) return ms;
    const reason = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
    throw invalidParameter(name, `invalid time value for '${name}': ${reason}`);
  }

  /** `start` and `end`, all of time where they are absent. */
  range(): TimeRange {
    return {
      start: this.timeOr('start', Number.MIN_SAFE_INTEGER),
      end: this.timeOr('end', Number.MAX_SAFE_INTEGER),
    };
  }

  /** Milliseconds. */
  duration(name: string): number {
    const text = this.text(name);
    const ms = durationOf(text);
    if (ms === undefined) throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
    if (Math.abs(ms) > longest) {
      throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`);
    }
    return ms;
  }

  optionalDuration(name: string): number | undefined {
    return this.text(name) === '' ? undefined : this.duration(name);
  }

  /** How many results are wanted; Infinity where nothing or 0 is said. */
  limit(): number {
    const text = this.text('limit');
    if (text === '') return Number.POSITIVE_INFINITY;
    if (!/^[+-]?\d+$/.test(text)) {
      throw invalidParameter('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    if (Math.abs(Number(text)) >= 2 ** 63) {
      throw invalidParameter('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
    }
    if (Number(text) < 0) throw invalidParameter('limit', 'limit must be non-negative');
    return Number(text) || Number.POSITIVE_INFINITY;
  }

  /** A whole number; undefined where it is absent. */
  wholeNumber(name: string): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw badData(`${name} must be a number`);
    return Number(text);
  }

  /** The `match[]` selectors, one list of matchers each. A refusal of some paths names the parameter, as there. */
  selectors({ named = true } = {}): (readonly Matcher[])[] {
    return this.all('match[]').map((text) => {
      try {
        return parseSelector(text);
      } catch (error) {
        if (!(error instanceof PromqlParseError)) throw error;
        const reason = error.reason === emptySelector ? emptySelector : error.message;
        throw named ? invalidParameter('match[]', reason) : badData(reason);
      }
    });
  }
}
