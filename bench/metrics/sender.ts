/** The load generator, a process of its own: sends prepared bodies over keep-alive connections, one request at a time on each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Peer } from '../../conformance/peers/process.ts';
import { readBodies } from './bodies.ts';

/** What the process is told, as JSON in its arguments. */
interface Task {
  readonly file: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the process says, as JSON on its standard output. */
export interface Sent {
  /** From the first byte that is sent to the last answer. */
  readonly seconds: number;
  readonly requests: number;
  /** Milliseconds from sending a request to its answer. */
  readonly p50: number;
  readonly p99: number;
  /** Of the generator itself while it sent. */
  readonly cpuSeconds: number;
}

/** Reads one answer after another. None of the servers answers a good request with a chunked body. */
class Connection {
  private pending = '';
  private waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly head: string,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1').on('data', (text: string) => this.take(text));
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('the connection was closed')));
  }

  static async open({ url, headers }: Task): Promise<Connection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const lines = {
      host,
      ...headers,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    };
    const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    return new Connection(socket, `POST /api/v1/write HTTP/1.1\r\n${text.join('')}content-length: `);
  }

  send(body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.cork();
      this.socket.write(`${this.head}${body.length}\r\n\r\n`);
      this.socket.write(body);
      this.socket.uncork();
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private take(text: string): void {
    this.pending += text;
    const end = this.pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.pending.slice(0, end + 2))?.[1] ?? 0);
    if (this.pending.length < end + 4 + length) return;
    const status = Number(this.pending.slice(9, 12));
    const waiting = this.waiting;
    const answer = this.pending;
    this.pending = '';
    this.waiting = undefined;
    if (status >= 200 && status < 300) waiting?.resolve();
    else waiting?.reject(new Error(answer.slice(0, 1000)));
  }
}

/** Sends and says how it went. Throws what a server answered with anything but success: there is nothing to be measured then. */
export async function runSender(task: Task): Promise<void> {
  const bodies = readBodies(task.file);
  const connections = await Promise.all(bodies.map(() => Connection.open(task)));
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(
    connections.map(async (connection, place) => {
      for (const body of bodies[place]!) {
        const sentAt = performance.now();
        await connection.send(body);
        times.push(performance.now() - sentAt);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of connections) connection.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  const sent: Sent = {
    seconds,
    requests: times.length,
    p50: at(0.5),
    p99: at(0.99),
    cpuSeconds: (user + system) / 1e6,
  };
  console.log(JSON.stringify(sent));
}

/** Runs the generator against a server, at most five minutes. `program` is the script that hands `send TASK` to `runSender`. */
export async function send(program: string, file: string, { url, headers }: Peer): Promise<Sent> {
  const task: Task = { file, url, headers };
  const child = spawn(process.execPath, [program, 'send', JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  return JSON.parse(output) as Sent;
}
