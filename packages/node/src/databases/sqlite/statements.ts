import { isFunction, isObject, type Method, ownerOf, wrapMethod } from '../../core/wrap.ts';
import { type DatabaseObserver, NO_ROWS, type Rows, type RunningQuery, type Target } from '../observer.ts';

/** What differs between the drivers that have the interface of better-sqlite3. */
export interface SqliteDriver {
  /** '' where the driver does not say. */
  nameOf(database: object): string;
  /** The text of a statement that was not prepared by `database.prepare`, if the driver says. */
  textOf(statement: object): string | undefined;
}

interface Prepared {
  readonly text: string;
  readonly target: Target;
}

const SYSTEM: Target = { system: 'sqlite', namespace: '', address: '', port: 0 };

const rowsOfRun = (result: unknown): Rows =>
  isObject(result) ? { returned: 0, affected: Number(result.changes) || 0 } : NO_ROWS;
const rowsOfGet = (result: unknown): Rows => (result === undefined ? NO_ROWS : { returned: 1, affected: 0 });
const rowsOfAll = (result: unknown): Rows =>
  Array.isArray(result) ? { returned: result.length, affected: 0 } : NO_ROWS;

/** The rows that an iterator gives, and the time that is spent in it; what the application does between is not SQLite's. */
class Iteration {
  private rows = 0;
  private milliseconds: number;

  constructor(
    private readonly running: RunningQuery,
    began: number,
  ) {
    this.milliseconds = performance.now() - began;
  }

  gave(result: unknown, began: number): void {
    this.milliseconds += performance.now() - began;
    if (isObject(result) && result.done === true) this.end();
    else this.rows++;
  }

  end(): void {
    this.running.done({ returned: this.rows, affected: 0 }, this.milliseconds / 1000);
  }

  fail(error: unknown): void {
    this.running.fail(error);
  }
}

/** Prepared statements of one driver: `run`, `get`, `all` and `iterate`, watched on their prototype. */
export class Statements {
  private readonly prepared = new WeakMap<object, Prepared>();
  private readonly targets = new WeakMap<object, Target>();
  private readonly iterations = new WeakMap<object, Iteration>();
  private readonly watched = new WeakSet<object>();
  private readonly back: (() => void)[] = [];
  /** Iterators that are dropped before their end, and cannot be told so, are counted when they are collected. */
  private readonly dropped = new FinalizationRegistry<Iteration>((iteration) => iteration.end());
  /** One that calls another method of itself, as `all` of libsql does, is counted once. */
  private busy: object | undefined;

  constructor(
    private readonly observer: DatabaseObserver,
    private readonly driver: SqliteDriver,
  ) {}

  targetOf(database: object): Target {
    const known = this.targets.get(database);
    if (known) return known;
    // A database that is closed may not say its name.
    const namespace = this.observer.hub.guard.run('database.sqlite.name', () => this.driver.nameOf(database), '');
    const target = namespace === '' ? SYSTEM : { ...SYSTEM, namespace };
    this.targets.set(database, target);
    return target;
  }

  /** A statement that `database` has made of `text`. */
  made(database: object, statement: unknown, text: unknown): void {
    if (!isObject(statement) || typeof text !== 'string') return;
    this.prepared.set(statement, { text, target: this.targetOf(database) });
    this.watch(Object.getPrototypeOf(statement));
  }

  /** Watches the class of statements. */
  watch(prototype: object): void {
    if (this.watched.has(prototype)) return;
    this.watched.add(prototype);
    const measure = (name: string, rows: (result: unknown) => Rows) => {
      const owner = ownerOf(prototype, name);
      if (owner) this.back.push(wrapMethod(owner, name, (original) => this.measured(original, rows)));
    };
    measure('run', rowsOfRun);
    measure('get', rowsOfGet);
    measure('all', rowsOfAll);
    const owner = ownerOf(prototype, 'iterate');
    if (owner) this.back.push(wrapMethod(owner, 'iterate', (original) => this.iterated(original)));
  }

  undo(): void {
    for (const back of this.back.splice(0).reverse()) back();
  }

  private start(statement: object): RunningQuery | undefined {
    const { guard } = this.observer.hub;
    const known = this.prepared.get(statement);
    const text = known?.text ?? guard.run('database.sqlite.text', () => this.driver.textOf(statement), undefined);
    return text === undefined ? undefined : this.observer.start(known?.target ?? SYSTEM, text);
  }

  private measured(original: Method, rows: (result: unknown) => Rows): Method {
    const statements = this;
    const { guard } = this.observer.hub;
    return function measured(this: object, ...args: unknown[]) {
      const running = statements.busy === this ? undefined : statements.start(this);
      if (!running) return original.apply(this, args);
      const before = statements.busy;
      statements.busy = this;
      let result: unknown;
      try {
        result = original.apply(this, args);
      } catch (error) {
        running.fail(error);
        throw error;
      } finally {
        statements.busy = before;
      }
      running.done(guard.run('database.sqlite.rows', () => rows(result), NO_ROWS));
      return result;
    };
  }

  private iterated(original: Method): Method {
    const statements = this;
    const { guard } = this.observer.hub;
    return function iterated(this: object, ...args: unknown[]) {
      const running = statements.busy === this ? undefined : statements.start(this);
      if (!running) return original.apply(this, args);
      const began = performance.now();
      let iterator: unknown;
      try {
        iterator = original.apply(this, args);
      } catch (error) {
        running.fail(error);
        throw error;
      }
      guard.run('database.sqlite.iterate', () => statements.follow(iterator, new Iteration(running, began)), undefined);
      return iterator;
    };
  }

  private follow(iterator: unknown, iteration: Iteration): void {
    if (!isObject(iterator)) return;
    this.iterations.set(iterator, iteration);
    const next = ownerOf(iterator, 'next');
    if (!next) return;
    const undoNext = wrapMethod(next, 'next', (original) => this.stepped(original));
    if (next !== iterator) this.back.push(undoNext);
    const end = ownerOf(iterator, 'return');
    if (!end) this.dropped.register(iterator, iteration);
    else {
      const undoReturn = wrapMethod(end, 'return', (original) => this.returned(original));
      if (end !== iterator) this.back.push(undoReturn);
    }
  }

  private stepped(original: Method): Method {
    const { iterations } = this;
    return function next(this: object, ...args: unknown[]) {
      const iteration = iterations.get(this);
      if (!iteration) return original.apply(this, args);
      const began = performance.now();
      try {
        const result = original.apply(this, args);
        iteration.gave(result, began);
        return result;
      } catch (error) {
        iteration.fail(error);
        throw error;
      }
    };
  }

  private returned(original: Method): Method {
    const { iterations } = this;
    return function end(this: object, ...args: unknown[]) {
      iterations.get(this)?.end();
      return original.apply(this, args);
    };
  }
}

/** Whether it is a class with what a database of this interface has. */
export const isDatabase = (prototype: object | undefined): prototype is object =>
  prototype !== undefined && isFunction((prototype as { prepare?: unknown }).prepare);
