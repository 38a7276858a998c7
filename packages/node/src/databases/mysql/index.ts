import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { prototypeOf, prototypeOfClass, together, wholeOf } from '../../core/wrap.ts';
import { type DatabaseObserver, observerOf } from '../observer.ts';
import { watchConnection } from './connection.ts';
import { watchPool } from './pool.ts';

type Watch = (prototype: object, observer: DatabaseObserver) => () => void;

const watchIf = (watch: Watch, prototype: object | undefined, hub: Hub): (() => void) =>
  prototype ? watch(prototype, observerOf(hub)) : () => {};

export const mysql2: ModuleInstrumentation = {
  module: 'mysql2',
  patch: (exports, hub) =>
    together([
      watchIf(watchConnection, prototypeOf(exports, 'Connection'), hub),
      watchIf(watchPool, prototypeOf(exports, 'Pool'), hub),
    ]),
};

const file = (module: string, watch: Watch): ModuleInstrumentation => ({
  module,
  patch: (exports, hub) => watchIf(watch, prototypeOfClass(wholeOf(exports)), hub),
});

/** What `mysql2/promise` stands on, which does not show it. */
export const mysql2Connection = file('mysql2/lib/connection', watchConnection);
export const mysql2Pool = file('mysql2/lib/pool', watchPool);
