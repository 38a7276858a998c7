import type { Answer } from './answer.ts';
import type { Parameters } from './parameters.ts';

export interface Request {
  readonly parameters: Parameters;
  /** The named parts of the path. */
  readonly path: Readonly<Record<string, string>>;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export interface Route {
  /** Below `/api/v1`. */
  readonly path: string;
  /** Whether a form may be posted as well, where Prometheus takes it. */
  readonly post: boolean;
  handle(request: Request): Promise<Answer> | Answer;
}

export const get = (path: string, handle: Route['handle']): Route => ({ path, post: false, handle });

export const getOrPost = (path: string, handle: Route['handle']): Route => ({ path, post: true, handle });
