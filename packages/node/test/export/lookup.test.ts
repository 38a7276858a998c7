import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/export/lookup.ts';

let server: Socket;
afterEach(() => server.close());

/** A name server, which does as it is told with each question. */
async function nameServer(told: (question: Buffer, answer: (message: Buffer) => void) => void): Promise<string> {
  server = createSocket('udp4', (question, { port, address }) =>
    told(question, (message) => server.send(message, port, address)),
  );
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** QR, and "no such name" (https://www.rfc-editor.org/rfc/rfc1035#section-4.1.1). */
function noSuchName(question: Buffer): Buffer {
  const message = Buffer.from(question);
  message[2]! |= 0x80;
  message[3] = 3;
  return message;
}

const look = (host: string, from: string) =>
  new Promise<string>((done) =>
    createLookup([from])(host, { all: false }, (error, address) => done(error ? String(error.code) : String(address))),
  );

describe('an address', () => {
  it('is not asked for in a way that cannot be broken off while the name server is silent', async () => {
    let questions = 0;
    const from = await nameServer(() => void questions++);
    const began = performance.now();
    expect(await look('127.0.0.1', from)).toBe('ETIMEOUT');
    expect(performance.now() - began).toBeGreaterThan(400);
    expect(questions).toBeGreaterThan(0);
  });

  it('is what the system says, once the name server answers anything', async () => {
    const from = await nameServer((question, answer) => answer(noSuchName(question)));
    expect(await look('127.0.0.1', from)).toBe('127.0.0.1');
  });

  it('of the hosts file is found without a name server', async () => {
    let questions = 0;
    const from = await nameServer(() => void questions++);
    expect(await look('localhost', from)).toMatch(/^127\.|^::1$/);
    expect(questions).toBe(0);
  });
});
