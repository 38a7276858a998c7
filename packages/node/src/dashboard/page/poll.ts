import type { DashboardData } from '../snapshot.ts';

/** Of 4xx and 5xx; 401 and 403 mean that the session has ended. */
export class Refusal extends Error {
  constructor(readonly status: number) {
    super(`the application answered ${status}`);
  }
}

const GIVE_UP_MS = 8000;

export async function load(minutes: number): Promise<DashboardData> {
  const answer = await fetch(`?data&minutes=${minutes}`, { signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (!answer.ok) throw new Refusal(answer.status);
  return (await answer.json()) as DashboardData;
}

export const reasonOf = (error: unknown): string => {
  if (error instanceof Refusal) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'the application took longer than 8 s';
  return error instanceof TypeError ? 'the application does not answer' : 'its answer makes no sense';
};
