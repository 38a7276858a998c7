/** What is thrown for a call that took too long; also the reason of its signal. */
export class AttemptTimeout extends Error {
  override readonly name = 'TimeoutError';

  constructor(
    readonly operation: string,
    readonly timeoutMs: number,
  ) {
    super(`${operation} took longer than ${timeoutMs} ms`);
  }
}

/**
 * Calls `work` with a signal that is aborted when the time is over. Rejects then, whatever `work` does; what it does later
 * is dropped, a late rejection included. Nothing is left behind: neither the timer nor a listener.
 */
export function attempt<T>(
  operation: string,
  timeoutMs: number,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new AttemptTimeout(operation, timeoutMs);
      reject(error);
      controller.abort(error);
    }, timeoutMs);
    const settled = <Value>(settle: (value: Value) => void) => {
      return (value: Value) => {
        clearTimeout(timer);
        settle(value);
      };
    };
    // Also what throws before there is a promise becomes a rejection.
    new Promise<T>((begun) => begun(work(controller.signal))).then(settled(resolve), settled(reject));
  });
}
