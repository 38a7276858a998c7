import { type Method, ownerOf, together, wrapMethod } from '../../core/wrap.ts';
import { type DatabaseObserver, NO_ROWS } from '../observer.ts';
import { isDatabase, type SqliteDriver, Statements } from './statements.ts';

/** `prepare` and `exec` of a synchronous SQLite driver, and the statements that come of it. */
export function watchDatabase(
  prototype: object | undefined,
  observer: DatabaseObserver,
  driver: SqliteDriver,
): () => void {
  const { guard } = observer.hub;
  if (!isDatabase(prototype)) return () => {};
  const statements = new Statements(observer, driver);

  const prepare = (original: Method): Method =>
    function prepare(this: object, ...args: unknown[]) {
      let statement: unknown;
      try {
        statement = original.apply(this, args);
      } catch (error) {
        if (typeof args[0] === 'string') observer.start(statements.targetOf(this), args[0])?.fail(error);
        throw error;
      }
      guard.run('database.sqlite.prepare', () => statements.made(this, statement, args[0]), undefined);
      return statement;
    };
  const exec = (original: Method): Method =>
    function exec(this: object, ...args: unknown[]) {
      const running = typeof args[0] === 'string' ? observer.start(statements.targetOf(this), args[0]) : undefined;
      try {
        const result = original.apply(this, args);
        running?.done(NO_ROWS);
        return result;
      } catch (error) {
        running?.fail(error);
        throw error;
      }
    };
  const wrap = (name: string, make: (original: Method) => Method) =>
    wrapMethod(ownerOf(prototype, name) ?? prototype, name, make);
  return together([wrap('prepare', prepare), wrap('exec', exec), () => statements.undo()]);
}
