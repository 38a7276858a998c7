import { type Method, ownerOf, together, wrapMethod } from '../../core/wrap.ts';
import { PoolQuery, textOf } from '../handover.ts';
import type { DatabaseObserver } from '../observer.ts';
import { Commands } from './commands.ts';

/** All that is asked of a connection passes `addCommand`, whichever way it came. */
export function watchConnection(prototype: object, observer: DatabaseObserver): () => void {
  const { guard } = observer.hub;
  const owner = ownerOf(prototype, 'addCommand');
  if (!owner) return () => {};
  const commands = new Commands(observer);
  // The text as the application gave it: further on the values are written into it.
  const given = new PoolQuery();

  const add = (original: Method): Method =>
    function addCommand(this: object, ...args: unknown[]) {
      guard.run('database.mysql2.command', () => commands.added(this, args[0], given.take()), undefined);
      return original.apply(this, args);
    };
  const query = (original: Method): Method =>
    function run(this: object, ...args: unknown[]) {
      const text = guard.run('database.mysql2.query', () => textOf(args[0]), undefined);
      return given.during(text, () => original.apply(this, args));
    };
  const lose = (original: Method): Method =>
    function lost(this: object, ...args: unknown[]) {
      guard.run('database.mysql2.lost', () => commands.lost(this, args[0]), undefined);
      return original.apply(this, args);
    };
  return together([
    wrapMethod(owner, 'addCommand', add),
    // What a closed connection has in its place.
    wrapMethod(owner, '_addCommandClosedState', add),
    wrapMethod(owner, 'query', query),
    wrapMethod(owner, '_notifyError', lose),
    () => commands.undo(),
  ]);
}
