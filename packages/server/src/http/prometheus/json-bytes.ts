/** JSON of many samples, written as bytes: a number as text of its own would cost more than all else of an answer. */
import { formatSample } from '@nightshift/promql';

const FIRST_BYTES = 16 * 1024;
/** More than a sample takes: two numbers and what is around them. */
const SAMPLE_BYTES = 400;
const POWERS = [1, 10, 100, 1000, 10_000] as const;
/** Below it two different numbers of so many digits are never the same double, so the digits at hand are the shortest. */
const FIFTEEN_DIGITS = 1e15;

const codeOf = (character: string): number => character.charCodeAt(0);
const ZERO = codeOf('0');
const MINUS = codeOf('-');
const POINT = codeOf('.');
const COMMA = codeOf(',');
const COLON = codeOf(':');
const QUOTE = codeOf('"');
const BACKSLASH = codeOf('\\');
const SPACE = codeOf(' ');
const DELETE = 0x7f;
/** Characters for which a loop is faster than a call. */
const SHORT = 24;
const [OPEN, CLOSE] = [codeOf('['), codeOf(']')];
const [OPEN_OBJECT, CLOSE_OBJECT] = [codeOf('{'), codeOf('}')];

/** `00` to `99`. */
const PAIRS = Uint8Array.from(
  Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : Math.floor(i / 2) % 10)),
);

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Bytes for the beginning of a sample. */
const BEGINNING = 32;

export class JsonBytes {
  private bytes: Buffer;
  private view: DataView;
  private used = 0;
  /** The beginning of a sample, `[1700000000,"`, is mostly that of the same place in the series before. */
  private beginnings = new DataView(new ArrayBuffer(0));
  private beginningLengths = new Uint8Array();
  private beginningTimes = new Float64Array();
  /** Of the value before; those of a series mostly have as many. */
  private decimals = 0;

  /**
   * @param expected bytes, more or less
   * @param isOneSeries whether the beginnings of samples are not worth remembering, as no other series comes
   */
  constructor(
    expected = 0,
    private readonly isOneSeries = false,
  ) {
    this.bytes = Buffer.allocUnsafe(Math.max(FIRST_BYTES, expected));
    this.view = viewOf(this.bytes);
  }

  text(text: string): void {
    const most = text.length * 3;
    this.makeRoom(most);
    if (text.length > SHORT || !this.shortAscii(text)) this.used += this.bytes.write(text, this.used);
  }

  /** False, with nothing written, for another text. */
  private shortAscii(text: string): boolean {
    const { bytes, used } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > DELETE) return false;
      bytes[used + i] = code;
    }
    this.used = used + text.length;
    return true;
  }

  /** An object of texts, with their names in the order of the map. */
  object(texts: ReadonlyMap<string, string>): void {
    let separator = OPEN_OBJECT;
    for (const [name, text] of texts) {
      this.byte(separator);
      this.quoted(name);
      this.byte(COLON);
      this.quoted(text);
      separator = COMMA;
    }
    if (texts.size === 0) this.byte(OPEN_OBJECT);
    this.byte(CLOSE_OBJECT);
  }

  private byte(byte: number): void {
    this.makeRoom(1);
    this.bytes[this.used++] = byte;
  }

  private quoted(text: string): void {
    this.makeRoom(text.length + 2);
    const { bytes } = this;
    let at = this.used;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < SPACE || code >= DELETE || code === QUOTE || code === BACKSLASH) {
        this.text(JSON.stringify(text));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.used = at;
  }

  /** `[[time,"value"],…]` of times in Unix milliseconds. */
  samples(timestamps: Float64Array, values: Float64Array): void {
    this.makeRoom(2);
    this.bytes[this.used++] = OPEN;
    for (let i = 0; i < timestamps.length; i++) {
      this.makeRoom(SAMPLE_BYTES);
      if (i > 0) this.bytes[this.used++] = COMMA;
      this.beginning(timestamps[i]!, i);
      this.value(values[i]!);
      this.bytes[this.used++] = QUOTE;
      this.bytes[this.used++] = CLOSE;
    }
    this.makeRoom(1);
    this.bytes[this.used++] = CLOSE;
  }

  /** `[time,"value"]`. */
  sample(time: number, value: number): void {
    this.makeRoom(SAMPLE_BYTES);
    this.beginning(time, 0);
    this.value(value);
    this.bytes[this.used++] = QUOTE;
    this.bytes[this.used++] = CLOSE;
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  private makeRoom(bytes: number): void {
    if (this.used + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.used + bytes));
    larger.set(this.bytes.subarray(0, this.used));
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  private beginning(time: number, place: number): void {
    const { bytes } = this;
    if (this.beginningTimes[place] === time) {
      const { used, beginnings } = this;
      const from = place * BEGINNING;
      const length = this.beginningLengths[place]!;
      // Some bytes more do no harm: what comes next is written over them.
      for (let i = 0; i < length; i += 4) this.view.setUint32(used + i, beginnings.getUint32(from + i));
      this.used = used + length;
      return;
    }
    const start = this.used;
    bytes[this.used++] = OPEN;
    if (time >= 0 && time < FIFTEEN_DIGITS && Math.floor(time) === time) this.decimal(time, 3);
    else this.ascii(String(time / 1000));
    bytes[this.used++] = COMMA;
    bytes[this.used++] = QUOTE;
    if (!this.isOneSeries) this.remember(time, place, start);
  }

  private remember(time: number, place: number, start: number): void {
    const length = this.used - start;
    if (length > BEGINNING) return;
    if (place >= this.beginningTimes.length) this.remembered(Math.max(256, 2 * place));
    this.beginningTimes[place] = time;
    this.beginningLengths[place] = length;
    for (let i = 0; i < length; i++) this.beginnings.setUint8(place * BEGINNING + i, this.bytes[start + i]!);
  }

  /** Forgets the beginnings, and makes room for so many. */
  private remembered(places: number): void {
    this.beginningTimes = new Float64Array(places).fill(Number.NaN);
    this.beginningLengths = new Uint8Array(places);
    this.beginnings = new DataView(new ArrayBuffer(places * BEGINNING));
  }

  /** As `formatSample`. */
  private value(value: number): void {
    const size = Math.abs(value);
    if (size < FIFTEEN_DIGITS && (size >= 1e-4 || Object.is(value, 0))) {
      let decimals = this.decimals;
      for (let i = 0; i < POWERS.length; i++, decimals = (decimals + 1) % POWERS.length) {
        const power = POWERS[decimals]!;
        const scaled = Math.round(size * power);
        if (scaled >= FIFTEEN_DIGITS || scaled / power !== size) continue;
        if (value < 0) this.bytes[this.used++] = MINUS;
        this.decimal(scaled, decimals);
        this.decimals = decimals;
        return;
      }
    }
    this.ascii(formatSample(value));
  }

  private ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.used++] = text.charCodeAt(i);
  }

  /** `scaled / 10 ** decimals`, without zeros at the end of its fraction. */
  private decimal(scaled: number, decimals: number): void {
    if (decimals === 0) {
      this.whole(scaled);
      return;
    }
    const power = POWERS[decimals]!;
    const whole = Math.floor(scaled / power);
    // A whole number to the compiler, too: a remainder of doubles would take longer than all else here.
    let fraction = (scaled - whole * power) | 0;
    this.whole(whole);
    if (fraction === 0) return;
    let digits = decimals;
    while (fraction % 10 === 0) {
      fraction = (fraction / 10) | 0;
      digits--;
    }
    this.bytes[this.used++] = POINT;
    for (let i = digits - 1; i >= 0; i--) {
      this.bytes[this.used + i] = ZERO + (fraction % 10);
      fraction = (fraction / 10) | 0;
    }
    this.used += digits;
  }

  /** A whole number below 10^15. */
  private whole(value: number): void {
    if (value < 1e9) {
      this.small(value | 0);
      return;
    }
    const high = Math.floor(value / 1e8);
    this.small(high);
    this.eight((value - high * 1e8) | 0);
  }

  /** Below 10^9. */
  private small(value: number): void {
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    const end = this.used + digits;
    let at = end;
    let left = value;
    while (left >= 100) {
      const pair = left % 100;
      left = (left / 100) | 0;
      this.bytes[--at] = PAIRS[2 * pair + 1]!;
      this.bytes[--at] = PAIRS[2 * pair]!;
    }
    if (left >= 10) {
      this.bytes[--at] = PAIRS[2 * left + 1]!;
      this.bytes[--at] = PAIRS[2 * left]!;
    } else this.bytes[--at] = ZERO + left;
    this.used = end;
  }

  /** Exactly eight digits. */
  private eight(value: number): void {
    let left = value;
    for (let at = this.used + 6; at >= this.used; at -= 2) {
      const pair = left % 100;
      left = (left / 100) | 0;
      this.bytes[at] = PAIRS[2 * pair]!;
      this.bytes[at + 1] = PAIRS[2 * pair + 1]!;
    }
    this.used += 8;
  }
}
