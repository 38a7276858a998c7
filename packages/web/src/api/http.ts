import type { ApiError } from '@nightshift/server/api';

/** A request that was answered with an error, or not at all (`status` 0). `message` is the server's own sentence. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export type Params = Readonly<Record<string, string | number | undefined>>;

/** `/api/v1/PATH?…`; undefined and empty parameters are left out. Path segments must be encoded by the caller. */
export function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const query = search.toString();
  return `/api/v1/${path}${query === '' ? '' : `?${query}`}`;
}

async function send(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure(
      0,
      'UNREACHABLE',
      'Nightshift does not answer. It is down, or this machine has no connection.',
    );
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** Reads both error shapes of the API: Nightshift's `{error: {code, message}}` and Prometheus' `{errorType, error}`. */
async function failureOf(response: Response): Promise<ApiFailure> {
  const fallback = `The server answered ${response.status} ${response.statusText}`.trim();
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    return new ApiFailure(response.status, 'UNREADABLE', `${fallback}, without saying why.`);
  }
  const { error, errorType } = (body ?? {}) as { error?: ApiError['error'] | string; errorType?: string };
  if (typeof error === 'string') return new ApiFailure(response.status, errorType ?? 'error', error);
  return new ApiFailure(response.status, error?.code ?? 'UNREADABLE', error?.message ?? fallback);
}

/** JSON of a GET; throws ApiFailure. */
export async function get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  return (await (await send('GET', address(path, params), undefined, signal)).json()) as T;
}

/** Text of a GET (the report); throws ApiFailure. */
export async function getText(path: string, params?: Params, signal?: AbortSignal): Promise<string> {
  return (await send('GET', address(path, params), undefined, signal)).text();
}

/** Sends JSON and reads the JSON answer, undefined for 204; throws ApiFailure. */
export async function change<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const response = await send(method, address(path), method === 'DELETE' ? undefined : (body ?? {}));
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
