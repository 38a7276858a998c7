/** Given by `super()`, so that the fields of the class below are of that very object. */
class Same {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the point of this class
    return object;
  }
}

export interface Beside<T> {
  get(object: object): T | undefined;
  /** Throws for what is no object. */
  set(object: object, value: T): void;
}

/**
 * Values beside objects of other people, which cannot see them: private fields, which are no work of their own for the garbage collector.
 * A WeakMap with an entry for each request does.
 */
export function createBeside<T>(): Beside<T> {
  class Marked extends Same {
    #value: T;

    constructor(object: object, value: T) {
      super(object);
      this.#value = value;
    }

    static get = (object: object): T | undefined => (#value in object ? object.#value : undefined);

    static set(object: object, value: T): void {
      if (#value in object) object.#value = value;
      else new Marked(object, value);
    }
  }
  return Marked;
}
