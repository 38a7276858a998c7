/**
 * gRPC over HTTP/2 (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md), as far as one call with one message either way needs it.
 * A message is `compressed u8 (0 or 1) | length u32, big-endian | bytes`.
 */
import { NightshiftError } from '../../errors/catalogue.ts';

export const HEAD_BYTES = 5;

export interface GrpcMessage {
  readonly isCompressed: boolean;
  readonly bytes: Uint8Array;
}

/** The one message of a body. Throws BODY_INVALID for none, a torn one, or more than one. */
export function readMessage(body: Uint8Array): GrpcMessage {
  const fault = (reason: string) => new NightshiftError('BODY_INVALID', { reason: `gRPC: ${reason}` });
  if (body.length < HEAD_BYTES) throw fault(`a body of ${body.length} bytes; the head of a message has ${HEAD_BYTES}`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const flag = view.getUint8(0);
  if (flag > 1) throw fault(`compressed flag ${flag}; 0 and 1 are known`);
  const length = view.getUint32(1);
  const rest = body.length - HEAD_BYTES;
  if (length !== rest) throw fault(`a message of ${length} bytes in ${rest}; one message is expected`);
  return { isCompressed: flag === 1, bytes: body.subarray(HEAD_BYTES) };
}

/** Uncompressed. */
export function writeMessage(bytes: Uint8Array): Uint8Array {
  const message = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
  message.writeUInt8(0, 0);
  message.writeUInt32BE(bytes.length, 1);
  message.set(bytes, HEAD_BYTES);
  return message;
}
