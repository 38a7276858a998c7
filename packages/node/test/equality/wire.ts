/** A client that sends bytes, and keeps the bytes that come back. */
import net, { type Socket } from 'node:net';
import tls from 'node:tls';

export type Step =
  | { readonly send: string | Buffer }
  /** Milliseconds. */
  | { readonly wait: number }
  /** Until this has come. */
  | { readonly until: string }
  /** Reads nothing for so many milliseconds. */
  | { readonly pause: number }
  /** Ends its half of the connection. */
  | { readonly end: true }
  /** Ends all of it: with a reset where `reset` is true. */
  | { readonly destroy: true; readonly reset?: boolean };

export interface Exchange {
  readonly name: string;
  /** How far the application comes is a matter of time: one may have got more bytes, and noticed more often. */
  readonly racy?: boolean;
  readonly steps: readonly Step[];
}

export interface Transcript {
  /** What came, a character a byte, without times. */
  readonly bytes: string;
  /** How the connection ended: `end` in order, `reset`, `left` by the client, `time-out`. */
  readonly ended: string;
  /** The client's port, by which the server names a connection whose request it could not read. */
  readonly port?: number;
}

const PATIENCE_MS = 4000;

export function converse(port: number, secure: boolean, { steps }: Exchange): Promise<Transcript> {
  return new Promise((resolve) => {
    const target = { port, host: '127.0.0.1' };
    const socket = secure ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target);
    let bytes = '';
    let ended = '';
    let left = false;
    let from = 0;
    let look = () => {};
    const patience = setTimeout(() => {
      ended = 'time-out';
      socket.destroy();
    }, PATIENCE_MS);
    socket.on('data', (chunk) => {
      bytes += chunk.toString('latin1');
      look();
    });
    socket.on('end', () => {
      ended ||= 'end';
    });
    socket.on('error', () => {
      ended ||= 'reset';
    });
    socket.on('close', () => {
      clearTimeout(patience);
      look();
      resolve({ bytes: withoutTimes(bytes), ended: left ? 'left' : ended, port: from });
    });
    const until = (text: string) =>
      new Promise<void>((done) => {
        look = () => {
          if (bytes.includes(text) || socket.destroyed) done();
        };
        look();
      });
    const leave = () => {
      left = true;
    };
    socket.once('connect', () => {
      from = socket.localPort ?? 0;
    });
    socket.once(secure ? 'secureConnect' : 'connect', () => void play(socket, steps, until, leave));
  });
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function play(
  socket: Socket,
  steps: readonly Step[],
  until: (text: string) => Promise<void>,
  leave: () => void,
): Promise<void> {
  for (const step of steps) {
    if ('send' in step) socket.write(step.send);
    else if ('wait' in step) await sleep(step.wait);
    else if ('until' in step) await until(step.until);
    else if ('pause' in step) {
      socket.pause();
      await sleep(step.pause);
      socket.resume();
    } else if ('end' in step) socket.end();
    else {
      leave();
      if (step.reset && !(socket instanceof tls.TLSSocket)) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

/** Dates that are made while the server answers. */
const withoutTimes = (bytes: string): string => bytes.replace(/^(Date: ).*?\r$/gim, '$1(a date)\r');
