/**
 * The package `redis` (@redis/client) from the version that tells of itself by channels: `CHANNELS` of its
 * lib/client/tracing. A batch in a transaction is one operation, MULTI; of a pipeline each command is one.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Hub, Instrumentation } from '../../core/hub.ts';
import { type Operation, type Server, StoreWatch } from '../store-watch.ts';
import { commandName, redisCode, waits } from './commands.ts';
import { redisConnectionsOf } from './connections.ts';

interface CommandTold {
  readonly command: unknown;
  /** Name first; without the values. */
  readonly args?: readonly unknown[];
  readonly batchMode?: string;
  readonly batchSize?: number;
  readonly database?: number;
  readonly serverAddress?: string;
  readonly serverPort?: number;
  readonly error?: unknown;
}

interface Running {
  readonly operation: Operation;
  readonly kind: 'database' | 'wait';
}

type Listeners = Readonly<Record<string, (told: never) => void>>;

function commandListeners(hub: Hub): Listeners {
  const store = new StoreWatch(hub, 'redis');
  /** The objects are those of every subscriber. */
  const running = new WeakMap<object, Running>();
  const begin = (told: CommandTold, name: string, kind: Running['kind']) =>
    running.set(told, { operation: store.start(store.described(name)), kind });
  const end = (told: CommandTold) => {
    const one = running.get(told);
    if (!one) return;
    running.delete(told);
    const { error, batchSize } = told;
    const failed = 'error' in told;
    const code = failed ? redisCode(error) : undefined;
    store.end(one.operation, { failed, error, code, batchSize, kind: one.kind, server: () => serverOf(told) });
  };
  return {
    'tracing:node-redis:command:start': (told: CommandTold) => {
      const name = commandName(String(told.command ?? told.args?.[0]));
      begin(told, name, waits(name, told.args ?? []) ? 'wait' : 'database');
    },
    'tracing:node-redis:command:asyncEnd': end,
    'tracing:node-redis:command:error': end,
    'tracing:node-redis:batch:start': (told: CommandTold) => {
      if (told.batchMode === 'MULTI') begin(told, 'MULTI', 'database');
    },
    'tracing:node-redis:batch:asyncEnd': end,
    'tracing:node-redis:batch:error': end,
  };
}

const serverOf = ({ serverAddress, serverPort, database }: CommandTold): Server => ({
  address: serverAddress,
  port: serverPort,
  namespace: String(database ?? 0),
});

/** Clients that are remembered, to tell a first connection from another. */
const MOST_CLIENTS = 10_000;

function connectionListeners(hub: Hub): Listeners {
  const wereReady = new Set<string>();
  const labels = ['redis'];
  return {
    'node-redis:pubsub': ({ direction }: { readonly direction?: string }) => {
      if (direction === 'in') redisConnectionsOf(hub).messages.add(labels);
    },
    'node-redis:connection:ready': ({ clientId }: { readonly clientId: string }) => {
      if (wereReady.has(clientId)) redisConnectionsOf(hub).reconnects.add(labels);
      else if (wereReady.size < MOST_CLIENTS) wereReady.add(clientId);
    },
    'node-redis:error': ({ internal }: { readonly internal?: boolean }) => {
      if (!internal) redisConnectionsOf(hub).errors.add(labels);
    },
  };
}

export const nodeRedis: Instrumentation = {
  name: 'redis',
  install(hub) {
    const all: Listeners = { ...commandListeners(hub), ...connectionListeners(hub) };
    const subscribed = Object.entries(all).map(([channel, listen]) => {
      const place = channel.replace('tracing:', '').replaceAll(':', '.');
      const listener = (told: unknown) => hub.guard.run(place, () => listen(told as never), undefined);
      subscribe(channel, listener);
      return { channel, listener };
    });
    return () => {
      for (const { channel, listener } of subscribed) unsubscribe(channel, listener);
    };
  },
};
