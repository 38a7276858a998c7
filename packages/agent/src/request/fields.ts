/** Protobuf field by field over bytes that were written or checked by our own encoders. */

/** Protobuf's wire type of nested messages and texts. */
export const LENGTH = 2;

/** Walks the fields of a message: `next` moves to each, and the properties say where it and its content stand. */
export class Fields {
  field = 0;
  wireType = 0;
  /** Of the field's tag. */
  start = 0;
  /** Of what a length-delimited field holds, else of the value. */
  contentStart = 0;
  end: number;
  private at: number;

  constructor(
    private readonly bytes: Uint8Array,
    from: number,
    private limit: number,
  ) {
    this.at = from;
    this.end = from;
  }

  /** Walks another message of the same bytes. */
  restart(from: number, limit: number): void {
    this.at = from;
    this.end = from;
    this.limit = limit;
  }

  next(): boolean {
    if (this.at >= this.limit) return false;
    this.start = this.at;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    this.contentStart = this.at;
    if (this.wireType === LENGTH) {
      const size = this.varint();
      this.contentStart = this.at;
      this.at += size;
    } else if (this.wireType === 1) this.at += 8;
    else if (this.wireType === 5) this.at += 4;
    else this.varint();
    this.end = this.at;
    if (this.at > this.limit) throw new RangeError(`protobuf: field ${this.field} ends beyond its message`);
    return true;
  }

  /** Of up to 53 bits; more are only passed over. */
  private varint(): number {
    const first = this.bytes[this.at];
    if (first !== undefined && first < 0x80) {
      this.at++;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new RangeError('protobuf: a number is cut off');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }
}
