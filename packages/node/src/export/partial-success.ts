import { ProtoReader } from '../../../wire/src/protobuf/reader.ts';

const VARINT = 0;
const LENGTH = 2;

/**
 * How many points, spans or records the receiver says that it did not take: field 1 of `partial_success`, which is field
 * 1 of all three responses of OTLP. 0 for an answer that cannot be read.
 */
export function readRejected(body: Uint8Array): number {
  try {
    const reader = new ProtoReader(body);
    let rejected = 0;
    while (reader.pos < reader.end) {
      const tag = reader.tag();
      if (tag !== ((1 << 3) | LENGTH)) {
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      while (reader.pos < reader.end) {
        const inner = reader.tag();
        if (inner === ((1 << 3) | VARINT)) {
          reader.varint64();
          rejected = reader.hi * 2 ** 32 + reader.lo;
        } else reader.skip(inner);
      }
      reader.leave(outer);
    }
    return rejected;
  } catch {
    return 0;
  }
}
