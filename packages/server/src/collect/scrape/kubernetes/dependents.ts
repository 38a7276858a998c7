/** Which groups were made from which objects, so that they are made again when one of those changes, appears or goes. */
export class Dependents {
  readonly #byObject = new Map<string, Set<string>>();
  readonly #byGroup = new Map<string, readonly string[]>();

  of(object: string): Iterable<string> {
    return this.#byObject.get(object) ?? [];
  }

  /** Replaces what was known of a group. */
  set(group: string, objects: ReadonlySet<string>): void {
    for (const object of this.#byGroup.get(group) ?? []) {
      const groups = this.#byObject.get(object);
      groups?.delete(group);
      if (groups?.size === 0) this.#byObject.delete(object);
    }
    this.#byGroup.delete(group);
    if (objects.size === 0) return;
    this.#byGroup.set(group, [...objects]);
    for (const object of objects) {
      const groups = this.#byObject.get(object) ?? new Set();
      this.#byObject.set(object, groups.add(group));
    }
  }
}
