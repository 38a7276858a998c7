import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { prototypeOf, together, wrapMethod } from '../../core/wrap.ts';
import { watchEvents } from '../../http/emit.ts';
import { type Server, StoreWatch } from '../store-watch.ts';
import { commandName, redisCode, waits } from './commands.ts';
import { redisConnectionsOf } from './connections.ts';

/** As far as versions 4 to 6 agree. Both functions are the command's own, made with its promise. */
interface Command {
  readonly name: string;
  readonly args: readonly unknown[];
  resolve: (value: unknown) => unknown;
  reject: (error: unknown) => unknown;
}

interface Client {
  readonly status?: string;
  readonly options?: { readonly host?: string; readonly port?: number; readonly path?: string };
  readonly condition?: { readonly select?: number } | null;
}

/** Of a connection that is being made. */
const HANDSHAKE = new Set(['AUTH', 'CLIENT', 'HELLO', 'INFO', 'READONLY', 'SELECT']);

/**
 * Watches a command by the functions that settle its promise, so that the promise is the package's own, and one that is
 * rejected and that nobody handles stays so. The channels that the package has (`ioredis:command`) handle it in the
 * application's place.
 */
class CommandWatch {
  private readonly seen = new WeakSet<object>();
  private readonly store: StoreWatch;

  constructor(private readonly hub: Hub) {
    this.store = new StoreWatch(hub, 'redis');
  }

  /** A command is sent several times: by a cluster and by the node it chose, after a reconnect, from the queue. */
  send(client: Client, command: Command): void {
    if (this.seen.has(command) || typeof command.resolve !== 'function') return;
    const name = commandName(command.name);
    if (client.status === 'connect' && HANDSHAKE.has(name)) return;
    this.seen.add(command);
    const operation = this.store.start(this.store.described(name));
    const { resolve, reject, args } = command;
    const kind = waits(name, args) ? 'wait' : 'database';
    let ended = false;
    const end = (failed: boolean, error?: unknown) => {
      if (ended) return;
      ended = true;
      const code = failed ? redisCode(error) : undefined;
      this.store.end(operation, { failed, error, code, kind, server: () => serverOf(client) });
    };
    const { guard } = this.hub;
    command.resolve = (value) => {
      // First, as it may find that the reply cannot be transformed, and reject.
      const result = resolve.call(command, value);
      guard.run('ioredis.resolve', () => end(false), undefined);
      return result;
    };
    command.reject = (error) => {
      guard.run('ioredis.reject', () => end(true, error), undefined);
      return reject.call(command, error);
    };
  }
}

function serverOf({ options, condition }: Client): Server {
  if (!options) return {};
  const namespace = String(condition?.select ?? 0);
  return options.path === undefined
    ? { address: options.host, port: options.port, namespace }
    : { address: options.path, namespace };
}

/** Of a connection; the ones with `Buffer` are sent for each message, the others only if somebody listens. */
const MESSAGES = new Set<string | symbol>(['messageBuffer', 'pmessageBuffer', 'smessageBuffer']);
const EVENTS = new Set([...MESSAGES, 'ready']);

function watchConnections(redis: object, hub: Hub): () => void {
  const { messages, reconnects, errors } = redisConnectionsOf(hub);
  const wereReady = new WeakSet<object>();
  const labels = ['ioredis'];
  const count = (client: object, type: string | symbol) => {
    if (MESSAGES.has(type)) messages.add(labels);
    else if (wereReady.has(client)) reconnects.add(labels);
    else wereReady.add(client);
  };
  const before = (client: object, type: string | symbol) =>
    hub.guard.run('ioredis.event', () => count(client, type), undefined);
  return together([
    watchEvents(redis, { types: EVENTS, before }),
    // An error that nobody listens to becomes no event.
    wrapMethod(
      redis,
      'silentEmit',
      (original) =>
        function silentEmit(...args) {
          if (args[0] === 'error') hub.guard.run('ioredis.error', () => errors.add(labels), undefined);
          return original.apply(this, args);
        },
    ),
  ]);
}

export const ioredis: ModuleInstrumentation = {
  module: 'ioredis',
  patch(exports, hub) {
    const { guard } = hub;
    const commands = new CommandWatch(hub);
    const redis = prototypeOf(exports, 'Redis');
    const cluster = prototypeOf(exports, 'Cluster');
    const undo = [redis, cluster].flatMap((prototype) =>
      prototype === undefined
        ? []
        : wrapMethod(
            prototype,
            'sendCommand',
            (original) =>
              function sendCommand(...args) {
                guard.run('ioredis.send', () => commands.send(this, args[0] as Command), undefined);
                return original.apply(this, args);
              },
          ),
    );
    if (redis) undo.push(watchConnections(redis, hub));
    return together(undo);
  },
};
