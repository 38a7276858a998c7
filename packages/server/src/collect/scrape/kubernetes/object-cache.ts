import { reasonOf } from '../sd/refresh.ts';
import { ApiError, type ApiServer, type Collection, statusError, type WatchEvent } from './api-server.ts';
import { BackOff, type RetryTimes } from './back-off.ts';
import { fieldsOf, textOf } from './json.ts';
import type { KubernetesObject } from './objects.ts';
import { keyOf } from './resources.ts';

export interface CacheListener {
  /** Every object of the collection is known for the first time. */
  listed(): void;
  changed(key: string): void;
  failed(reason: string): void;
}

interface Kept<T> {
  readonly version: string;
  readonly object: T;
}

/** Objects of one page of a list. */
const pageSize = 500;

/** Watches end by themselves after 5 to 10 minutes, as those of other clients do, so that servers can share them out anew. */
const watchSeconds = (random: () => number): number => Math.round(300 * (1 + random()));

/** A watch that ends sooner without a word was none. */
const shortMs = 1000;

/** So many tries without a word from the server, and a version that it may not know is given up. */
const maxResumes = 5;

const isExpired = (error: unknown): boolean => error instanceof ApiError && error.status === 410;

/** Whether the next try may go on from the same version: it was not that which the server did not like. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status >= 500 || [401, 403, 429].includes(error.status);

const versionOf = (object: unknown): string => textOf(fieldsOf(fieldsOf(object).metadata).resourceVersion);

/**
 * The objects of a collection as the API server has them: listed once and then kept up to date by a watch, which goes on
 * from the last version after a drop and begins with a list again where the server no longer knows that version.
 */
export class ObjectCache<T extends KubernetesObject> {
  readonly #objects = new Map<string, Kept<T>>();
  readonly #backOff: BackOff;
  /** From which to watch; '' to list first. */
  #version = '';
  #resumes = 0;
  #isListed = false;

  constructor(
    private readonly server: ApiServer,
    private readonly collection: Collection,
    private readonly read: (value: unknown) => T,
    private readonly listener: CacheListener,
    times: RetryTimes,
    private readonly random: () => number,
  ) {
    this.#backOff = new BackOff(times, random);
  }

  get isListed(): boolean {
    return this.#isListed;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)?.object;
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** Until the signal ends it. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === '') await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (!signal.aborted) await this.#failed(error, signal);
      }
    }
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const wasListed = this.#version !== '';
    this.#resumes++;
    if (!isPassing(error) || this.#resumes > maxResumes) this.#version = '';
    // A connection that ends now and then, and a version that is too old, belong to the protocol.
    const isUsual = isExpired(error) || (this.#resumes === 1 && wasListed && !(error instanceof ApiError));
    if (!isUsual) {
      const what = `${wasListed ? 'watch' : 'list'} ${this.collection.name}`;
      this.listener.failed(`${what}: ${error instanceof Error ? reasonOf(error) : error}`);
    }
    await this.#backOff.wait(error instanceof ApiError ? error.retryAfterMs : 0, signal);
  }

  #progressed(): void {
    this.#resumes = 0;
    this.#backOff.reset();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const found = new Map<string, Kept<T>>();
    try {
      this.#version = await this.#pages(found, pageSize, signal);
    } catch (error) {
      // The server keeps the rest of a list for some minutes only.
      if (!isExpired(error)) throw error;
      found.clear();
      this.#version = await this.#pages(found, 0, signal);
    }
    for (const key of [...this.#objects.keys()]) if (!found.has(key)) this.#remove(key);
    for (const [key, kept] of found) this.#put(key, kept);
    if (this.#isListed) return;
    this.#isListed = true;
    this.listener.listed();
  }

  async #pages(found: Map<string, Kept<T>>, limit: number, signal: AbortSignal): Promise<string> {
    let next = '';
    for (;;) {
      const page = await this.server.list(this.collection, limit, next, signal);
      for (const item of page.items) {
        const object = this.read(item);
        if (object.name !== '') found.set(keyOf(object), { version: versionOf(item), object });
      }
      next = page.next;
      if (next === '') return page.resourceVersion;
    }
  }

  /** Returns where a watch ended as it should. */
  async #watch(signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    let isSilent = true;
    for await (const event of this.server.watch(this.collection, this.#version, watchSeconds(this.random), signal)) {
      this.#take(event);
      isSilent = false;
      this.#progressed();
    }
    if (isSilent && performance.now() - begun < shortMs) throw new Error('the server ended it at once');
    this.#progressed();
  }

  #take({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw statusError(object);
    const version = versionOf(object);
    if (version === '') throw new ApiError(0, `an event ${JSON.stringify(type)} has an object without a version`);
    if (type !== 'BOOKMARK') {
      const read = this.read(object);
      if (type === 'DELETED') this.#remove(keyOf(read));
      else this.#put(keyOf(read), { version, object: read });
    }
    this.#version = version;
  }

  #put(key: string, kept: Kept<T>): void {
    const before = this.#objects.get(key);
    if (before?.version === kept.version) return;
    // Most new versions of a node or pod are about things that no label has.
    const isSame = before && JSON.stringify(before.object) === JSON.stringify(kept.object);
    this.#objects.set(key, isSame ? { version: kept.version, object: before.object } : kept);
    if (!isSame) this.listener.changed(key);
  }

  #remove(key: string): void {
    if (this.#objects.delete(key)) this.listener.changed(key);
  }
}
