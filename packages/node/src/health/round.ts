/** Throws, rejects or gives false where something is not as it should be. The signal is aborted when its time is over. */
export type Check = (signal: AbortSignal) => unknown;

/** By name. With a time-out of its own in milliseconds, else 2,000. */
export type Checks = Readonly<Record<string, Check | { readonly check: Check; readonly timeoutMs: number }>>;

/** Why a check failed is not said: these addresses are often open to all. */
export interface CheckResult {
  readonly name: string;
  readonly outcome: 'ok' | 'failed' | 'timeout';
  readonly milliseconds: number;
}

const TIMEOUT_MS = 2000;
const CACHED_MS = 1000;

/** Runs all checks at the same time; whoever asks meanwhile or within a second gets the same results. */
export function createRound(
  checks: Checks,
  finished: (result: CheckResult) => void,
  now: () => number = () => performance.now(),
): () => Promise<readonly CheckResult[]> {
  const list = Object.entries(checks).map(([name, own]) =>
    typeof own === 'function' ? { name, check: own, timeoutMs: TIMEOUT_MS } : { name, ...own },
  );
  let last: { readonly results: Promise<readonly CheckResult[]>; endedAt: number } | undefined;
  return () => {
    if (last && now() - last.endedAt < CACHED_MS) return last.results;
    const running = list.map(async (one) => {
      const result = await runCheck(one, now);
      finished(result);
      return result;
    });
    const own = { results: Promise.all(running), endedAt: Number.POSITIVE_INFINITY };
    last = own;
    own.results.then(() => {
      own.endedAt = now();
    });
    return own.results;
  };
}

async function runCheck(
  { name, check, timeoutMs }: { name: string; check: Check; timeoutMs: number },
  now: () => number,
): Promise<CheckResult> {
  const began = now();
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'timeout');
  });
  const work = async () => ((await check(controller.signal)) === false ? 'failed' : 'ok');
  const outcome = await Promise.race([work().catch(() => 'failed' as const), late]);
  clearTimeout(timer);
  if (outcome === 'timeout') controller.abort(new Error(`${name} took longer than ${timeoutMs} ms`));
  return { name, outcome, milliseconds: Math.round(now() - began) };
}
