import { encodeRpcStatus, type OtlpFormat } from '@nightshift/wire';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { NightshiftError } from '../errors/catalogue.ts';
import { setErrorHeaders } from './errors.ts';

const jsonType = 'application/json';
const protobufType = 'application/x-protobuf';

/** Of the request's body: without parameters, '' for none. */
export function mediaTypeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

export const otlpFormatOf = (mediaType: string): OtlpFormat => (mediaType === protobufType ? 'protobuf' : 'json');

/** An error as OTLP/HTTP wants it: google.rpc.Status in the encoding of the request, JSON where that is none of the two. */
export function sendRpcStatus(request: FastifyRequest, reply: FastifyReply, error: NightshiftError): FastifyReply {
  setErrorHeaders(reply, error);
  const format = otlpFormatOf(mediaTypeOf(request));
  const body = encodeRpcStatus(format, error.status, error.message);
  return reply
    .code(error.status)
    .type(format === 'json' ? jsonType : protobufType)
    .send(body);
}
