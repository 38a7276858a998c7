export type * from './batch.ts';
export { WireError } from './batch.ts';
export { isStaleMarker } from './columns.ts';
export { decodeWriteRequest } from './remote-write/decode.ts';
export { encodeWriteRequest, type WriteSeries } from './remote-write/encode.ts';
export { severityOf } from './severity.ts';
export { decodeSnappy, encodeSnappy, TooLargeError } from './snappy.ts';
