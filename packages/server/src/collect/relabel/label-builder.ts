import type { Labels } from '@nightshift/wire';

/** Labels under change. As long as nothing differs from where it began, it allocates nothing and gives the same Labels back. */
export class LabelBuilder {
  #base: Labels = new Map();
  /** '' stands for a label that is taken away. */
  readonly #changes = new Map<string, string>();

  reset(base: Labels): this {
    this.#base = base;
    this.#changes.clear();
    return this;
  }

  /** '' where there is no such label. */
  get(name: string): string {
    return this.#changes.get(name) ?? this.#base.get(name) ?? '';
  }

  /** An empty value takes the label away; a label without a name is none. */
  set(name: string, value: string): void {
    if (name === '' || this.get(name) === value) return;
    if ((this.#base.get(name) ?? '') === value) this.#changes.delete(name);
    else this.#changes.set(name, value);
  }

  /** The names at this moment; changes during the walk do not show in it. */
  names(): string[] {
    const names: string[] = [];
    for (const name of this.#base.keys()) if (this.get(name) !== '') names.push(name);
    for (const [name, value] of this.#changes) if (value !== '' && !this.#base.has(name)) names.push(name);
    return names;
  }

  labels(): Labels {
    if (this.#changes.size === 0) return this.#base;
    const names = this.names().sort((a, b) => (a < b ? -1 : 1));
    return new Map(names.map((name) => [name, this.get(name)]));
  }
}
