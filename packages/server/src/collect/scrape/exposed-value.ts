const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;

/** Digits that a double holds exactly, and so do the powers of ten up to 10^22: a quotient of both is rounded once. */
const EXACT_DIGITS = 15;

const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_none, i) => 10 ** i);

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Reads the value of an exposed sample out of bytes; most are short decimals, of which no string is made. */
export class ExposedValue {
  value = 0;

  /** Reads what stands from `start` up to a blank, a line's end or the end of the bytes; returns where it ends, -1 where it is no value. */
  read(bytes: Uint8Array, start: number): number {
    let pos = start;
    const sign = bytes[pos];
    if (sign === MINUS || sign === PLUS) pos++;
    let mantissa = 0;
    let digits = 0;
    let fraction = -1;
    let code = bytes[pos];
    for (; code !== undefined && code > SPACE; code = bytes[++pos]) {
      if (code >= ZERO && code <= NINE) {
        mantissa = mantissa * 10 + (code - ZERO);
        digits++;
        if (fraction >= 0) fraction++;
      } else if (code === POINT && fraction < 0) fraction = 0;
      else return this.#readAny(bytes, start);
    }
    if (digits === 0 || digits > EXACT_DIGITS) return this.#readAny(bytes, start);
    const size = fraction > 0 ? mantissa / POWERS[fraction]! : mantissa;
    this.value = sign === MINUS ? -size : size;
    return pos;
  }

  #readAny(bytes: Uint8Array, start: number): number {
    let end = start;
    while (end < bytes.length && bytes[end]! > SPACE) end++;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    if (NUMBER.test(text)) this.value = Number(text);
    else if (/^[+]?inf(?:inity)?$/i.test(text)) this.value = Number.POSITIVE_INFINITY;
    else if (/^-inf(?:inity)?$/i.test(text)) this.value = Number.NEGATIVE_INFINITY;
    else if (/^nan$/i.test(text)) this.value = Number.NaN;
    else return -1;
    return end;
  }
}
