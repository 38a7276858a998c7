/**
 * As much of a MongoDB server as these tests ask for, in memory: OP_MSG, OP_QUERY for the first hello
 * (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/), equality in filters, cursors, errors.
 */

import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';

type Document = Record<string, unknown>;

const { calculateObjectSize, deserialize, serialize, Long } = createRequire(import.meta.url)('bson') as {
  calculateObjectSize(document: Document): number;
  deserialize(bytes: Uint8Array): Document;
  serialize(document: Document): Uint8Array;
  Long: { fromNumber(value: number): unknown };
};

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

export interface MongoServer {
  readonly port: number;
  /** Names of the commands that came, without those of connections. */
  readonly commands: string[];
  stop(): Promise<void>;
}

export async function startMongo(): Promise<MongoServer> {
  const commands: string[] = [];
  const answer = createDatabase(commands);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const length = rest.readInt32LE(0);
        socket.write(reply(rest.subarray(0, length), answer));
        rest = rest.subarray(length);
      }
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: (server.address() as { port: number }).port,
    commands,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function reply(message: Buffer, answer: (command: Document) => Document): Buffer {
  const requestId = message.readInt32LE(4);
  if (message.readInt32LE(12) === OP_QUERY) {
    const start = message.indexOf(0, 20) + 1 + 8;
    const body = serialize(answer(deserialize(message.subarray(start))));
    const fields = Buffer.alloc(20);
    fields.writeInt32LE(1, 16);
    return framed(requestId, OP_REPLY, Buffer.concat([fields, body]));
  }
  return framed(requestId, OP_MSG, Buffer.concat([Buffer.alloc(5), serialize(answer(commandOf(message)))]));
}

function framed(responseTo: number, code: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(16 + body.length, 0);
  header.writeInt32LE(1, 4);
  header.writeInt32LE(responseTo, 8);
  header.writeInt32LE(code, 12);
  return Buffer.concat([header, body]);
}

function commandOf(message: Buffer): Document {
  let command: Document = {};
  for (let at = 20; at < message.length; ) {
    const kind = message[at++];
    const end = at + message.readInt32LE(at);
    if (kind === 0) command = { ...deserialize(message.subarray(at, end)), ...command };
    else {
      const nameEnd = message.indexOf(0, at + 4);
      const documents: Document[] = [];
      for (let place = nameEnd + 1; place < end; ) {
        const size = message.readInt32LE(place);
        documents.push(deserialize(message.subarray(place, place + size)));
        place += size;
      }
      command[message.toString('utf8', at + 4, nameEnd)] = documents;
    }
    at = end;
  }
  return command;
}

const failure = (code: number, codeName: string, errmsg: string): Document => ({ ok: 0, code, codeName, errmsg });

function createDatabase(commands: string[]): (command: Document) => Document {
  const collections = new Map<string, Document[]>();
  const cursors = new Map<number, { namespace: string; rest: Document[] }>();
  let nextCursor = 1;
  const firstBatch = (namespace: string, all: Document[], size = 101): Document => {
    const id = all.length > size ? nextCursor++ : 0;
    if (id) cursors.set(id, { namespace, rest: all.slice(size) });
    return { ok: 1, cursor: { id: Long.fromNumber(id), ns: namespace, firstBatch: all.slice(0, size) } };
  };
  const matching = (name: string, filter: Document = {}) =>
    (collections.get(name) ?? []).filter((one) =>
      Object.entries(filter).every(([key, value]) => JSON.stringify(one[key]) === JSON.stringify(value)),
    );
  const handlers: Record<string, (command: Document, target: string) => Document> = {
    insert({ documents }, target) {
      const collection = collections.get(target) ?? [];
      collections.set(target, collection);
      const writeErrors: Document[] = [];
      let n = 0;
      for (const [index, one] of (documents as Document[]).entries()) {
        if (matching(target, { _id: one._id }).length > 0) {
          writeErrors.push({ index, code: 11000, errmsg: `E11000 duplicate key error collection: ${target}` });
          break;
        }
        collection.push(one);
        n++;
      }
      return { ok: 1, n, ...(writeErrors.length > 0 && { writeErrors }) };
    },
    find({ filter, batchSize, $db }, target) {
      const bad = Object.keys((filter as Document) ?? {}).find((key) => key.startsWith('$'));
      if (bad) return failure(2, 'BadValue', `unknown top level operator: ${bad}`);
      return firstBatch(`${$db}.${target}`, matching(target, filter as Document), batchSize as number);
    },
    aggregate({ pipeline, $db }, target) {
      const [first] = pipeline as { $match?: Document }[];
      return firstBatch(`${$db}.${target}`, matching(target, first?.$match));
    },
    getMore({ getMore, batchSize }) {
      const cursor = cursors.get(Number(getMore));
      if (!cursor) return failure(43, 'CursorNotFound', `cursor id ${getMore} not found`);
      const size = (batchSize as number) ?? cursor.rest.length;
      const nextBatch = cursor.rest.splice(0, size);
      const id = cursor.rest.length > 0 ? Number(getMore) : 0;
      return { ok: 1, cursor: { id: Long.fromNumber(id), ns: cursor.namespace, nextBatch } };
    },
    ping: () => ({ ok: 1 }),
    endSessions: () => ({ ok: 1 }),
    killCursors: () => ({ ok: 1 }),
  };
  const hello = () => ({
    ok: 1,
    helloOk: true,
    ismaster: true,
    isWritablePrimary: true,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    minWireVersion: 0,
    maxWireVersion: 21,
    logicalSessionTimeoutMinutes: 30,
    localTime: new Date(),
  });
  return (command) => {
    const [name = ''] = Object.keys(command);
    if (name.toLowerCase() === 'hello' || name.toLowerCase() === 'ismaster') return hello();
    commands.push(name);
    const handler = handlers[name];
    if (!handler) return failure(59, 'CommandNotFound', `no such command: '${name}'`);
    if (calculateObjectSize(command) > 16_777_216) return failure(10334, 'BSONObjectTooLarge', 'too large');
    return handler(command, String(command[name]));
  };
}
