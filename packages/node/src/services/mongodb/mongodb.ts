import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { prototypeOf, wrapMethod } from '../../core/wrap.ts';
import { type Operation, type Server, StoreWatch } from '../store-watch.ts';
import { collectionOf, shapeOf } from './shape.ts';

type Command = Readonly<Record<string, unknown>>;

interface Connection {
  readonly address?: string;
}

/** Of the connection itself, and of who logs in. */
const NOT_ASKED = new Set(['hello', 'ismaster', 'isMaster', 'saslStart', 'saslContinue', 'authenticate', 'getnonce']);
/** They succeed as commands though a document was refused. */
const WRITES = new Set(['insert', 'update', 'delete']);

/**
 * Looks on at the one method that all commands pass. The driver's command monitoring would have the same, but with it on
 * the driver parses each reply in full where a cursor does so a document at a time, and tells listeners of the
 * application that have heard nothing so far.
 */
class CommandWatch {
  private readonly store: StoreWatch;

  constructor(hub: Hub) {
    this.store = new StoreWatch(hub, 'mongodb');
  }

  start(name: string, command: Command): Operation {
    return this.store.start(this.store.described(name, collectionOf(name, command)));
  }

  end(operation: Operation, connection: Connection, args: readonly unknown[], outcome: Outcome): void {
    const [namespace, command] = args as [{ readonly db?: string } | undefined, Command];
    this.store.end(operation, {
      ...outcome,
      text: () => shapeOf(operation.description.operation, command),
      server: () => serverOf(connection.address, namespace?.db),
    });
  }

  /** Undefined for what is not looked at. */
  ended(connection: Connection, args: readonly unknown[]): ((result: unknown, failed: boolean) => void) | undefined {
    const command = args[1] as Command;
    const name = nameOf(command);
    if (name === '' || NOT_ASKED.has(name)) return undefined;
    const operation = this.start(name, command);
    return (result, failed) => {
      const outcome = failed ? failure(result) : WRITES.has(name) ? written(result) : SUCCESS;
      this.end(operation, connection, args, outcome);
    };
  }
}

interface Outcome {
  readonly failed: boolean;
  readonly error?: unknown;
  readonly code?: string | undefined;
}

const SUCCESS: Outcome = { failed: false };

/** The first field of a command is its name. */
function nameOf(command: unknown): string {
  if (typeof command !== 'object' || command === null) return '';
  for (const key in command) return key;
  return '';
}

function failure(error: unknown): Outcome {
  const { code, codeName } = (error ?? {}) as { readonly code?: unknown; readonly codeName?: unknown };
  if (typeof codeName === 'string') return { failed: true, error, code: codeName };
  return { failed: true, error, code: typeof code === 'number' ? String(code) : undefined };
}

/** A reply, or the driver's view of the bytes of one. */
interface WriteReply {
  readonly writeErrors?: readonly { readonly code?: unknown }[];
  has?(name: string): boolean;
  get?(name: string | number, type: number): WriteReply | null;
  getNumber?(name: string): unknown;
}

const OBJECT = 3;
const ARRAY = 4;

function written(reply: unknown): Outcome {
  const given = (reply ?? {}) as WriteReply;
  if (typeof given.has === 'function') {
    if (!given.has('writeErrors')) return SUCCESS;
    const first = given.get?.('writeErrors', ARRAY)?.get?.(0, OBJECT);
    return { failed: true, code: codeOf(first?.getNumber?.('code')) };
  }
  const [first] = given.writeErrors ?? [];
  return first === undefined ? SUCCESS : { failed: true, code: codeOf(first.code) };
}

const codeOf = (code: unknown): string => (typeof code === 'number' ? String(code) : 'WriteError');

function serverOf(address: string | undefined, namespace: string | undefined): Server {
  const [, host, port] = /^(.*):([0-9]+)$/.exec(address ?? '') ?? [];
  return host === undefined ? { address, namespace } : { address: host, port: Number(port), namespace };
}

export const mongodb: ModuleInstrumentation = {
  module: 'mongodb/lib/cmap/connection',
  patch(exports, hub) {
    const { guard } = hub;
    const watch = new CommandWatch(hub);
    const prototype = prototypeOf(exports, 'Connection');
    if (!prototype) return () => {};
    return wrapMethod(
      prototype,
      'command',
      (original) =>
        function command(...args) {
          const ended = guard.run('mongodb.start', () => watch.ended(this, args), undefined);
          const result = original.apply(this, args);
          if (ended && result instanceof Promise) {
            // The driver awaits it in the same tick: whether it is rejected is known to it, and not by this.
            result.then(
              (reply) => guard.run('mongodb.end', () => ended(reply, false), undefined),
              (error) => guard.run('mongodb.end', () => ended(error, true), undefined),
            );
          }
          return result;
        },
    );
  },
};
