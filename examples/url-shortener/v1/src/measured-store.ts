import type { Nightshift } from '@nightshift/node';
import { type Link, LinkStore } from './store.ts';

/** The store, with each of its operations measured: how often, how long, how many fail. */
export class MeasuredLinkStore extends LinkStore {
  readonly #ns: Nightshift;

  constructor(file: string, ns: Nightshift) {
    super(file);
    this.#ns = ns;
  }

  override find(code: string): Promise<Link | undefined> {
    return this.#ns.measure('find link', {}, () => super.find(code), 'storage');
  }

  override all(): Promise<Link[]> {
    return this.#ns.measure('read links', {}, () => super.all(), 'storage');
  }

  override add(url: string): Promise<Link> {
    return this.#ns.measure('add link', {}, () => super.add(url), 'storage');
  }
}
