/** The writer of packages/wire, without the rest of that package, which an application has no use for. */
export { ProtoWriter } from '../../../wire/src/protobuf/writer.ts';
