/** Told in the same tick as a promise settles, before whoever awaits. Must not throw. */
export interface Settled {
  resolved(value: unknown): void;
  rejected(error: unknown): void;
}

/** A promise that settles as the other does: a rejection that nobody handles stays one. */
export const following = <T>(promise: Promise<T>, settled: Settled): Promise<T> =>
  promise.then(
    (value) => {
      settled.resolved(value);
      return value;
    },
    (error: unknown) => {
      settled.rejected(error);
      throw error;
    },
  );
