import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';

export interface Link {
  code: string;
  url: string;
  createdAt: string;
}

/** Links in one JSON file. It is read for every request, so that several processes can share it. */
export class LinkStore {
  readonly #file: string;
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async find(code: string): Promise<Link | undefined> {
    const links = await this.all();
    return links.find((link) => link.code === code);
  }

  /** Every link, oldest first. */
  async all(): Promise<Link[]> {
    const text = await this.#read();
    if (text === '') return [];
    return JSON.parse(this.#file) as Link[];
  }

  /** Writes take turns, or two of them at once would lose a link. */
  add(url: string): Promise<Link> {
    const added = this.#lastWrite.then(() => this.#append(url));
    this.#lastWrite = added.catch(() => undefined);
    return added;
  }

  async #append(url: string): Promise<Link> {
    const links = await this.all();
    const link = { code: randomBytes(4).toString('base64url'), url, createdAt: new Date().toISOString() };
    await this.#write(JSON.stringify([...links, link]));
    return link;
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
  }

  /** A reader sees the old file or the new one, never half of one. */
  async #write(text: string): Promise<void> {
    const next = `${this.#file}.${process.pid}.next`;
    await writeFile(next, text);
    await rename(next, this.#file);
  }
}
