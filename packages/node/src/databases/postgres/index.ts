import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { isObject, prototypeOf, prototypeOfClass, together, wholeOf } from '../../core/wrap.ts';
import { observerOf } from '../observer.ts';
import { watchClient } from './client.ts';
import { watchPool } from './pool.ts';

function watch(exports: unknown, hub: Hub): () => void {
  const observer = observerOf(hub);
  const client = prototypeOf(exports, 'Client');
  const pool = prototypeOf(exports, 'Pool');
  return together([...(client ? [watchClient(client, observer)] : []), ...(pool ? [watchPool(pool, observer)] : [])]);
}

/** `pg.native` is loaded when it is first looked at, and watched from then on. */
function watchNative(exports: unknown, hub: Hub): () => void {
  const whole = wholeOf(exports);
  if (!isObject(whole)) return () => {};
  const descriptor = Object.getOwnPropertyDescriptor(whole, 'native');
  const original = descriptor?.get;
  if (!original || !descriptor.configurable) return () => {};
  let back = () => {};
  const get = function native(this: unknown): unknown {
    const found = original.call(this);
    if (found) back = hub.guard.run('database.pg.native', () => watch(found, hub), back);
    return found;
  };
  Object.defineProperty(whole, 'native', { ...descriptor, get });
  return () => {
    back();
    if (Object.getOwnPropertyDescriptor(whole, 'native')?.get === get)
      Object.defineProperty(whole, 'native', descriptor);
  };
}

export const pg: ModuleInstrumentation = {
  module: 'pg',
  patch: (exports, hub) => together([watch(exports, hub), watchNative(exports, hub)]),
};

/** Where it is used without `pg` in front. */
export const pgPool: ModuleInstrumentation = {
  module: 'pg-pool',
  patch(exports, hub) {
    const pool = prototypeOfClass(wholeOf(exports));
    return pool ? watchPool(pool, observerOf(hub)) : () => {};
  },
};
