import type { Connection } from './connection.ts';
import { EXIT, Exit, type ExitCode } from './exit.ts';

export interface Call {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

const TIMEOUT_MS = 60_000;

/** The server said no. `status` is that of HTTP, `errorCode` the server's own (`''` where it sent none). */
export class ServerError extends Exit {
  constructor(
    code: ExitCode,
    message: string,
    readonly status: number,
    readonly errorCode: string,
  ) {
    super(code, message);
  }
}

/** Speaks the API of one server. Every method throws `Exit` with the code that the command then ends with. */
export class Client {
  readonly server: string;
  readonly #token: string | null;

  constructor({ server, token }: Connection) {
    this.server = server;
    this.#token = token;
  }

  async get<T>(path: string, query: Call['query'] = {}): Promise<T> {
    return (await (await this.send('GET', path, { query })).json()) as T;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await (await this.send('POST', path, { body })).json()) as T;
  }

  async delete(path: string): Promise<void> {
    await (await this.send('DELETE', path)).arrayBuffer();
  }

  async text(path: string, query: Call['query'] = {}): Promise<string> {
    return (await this.send('GET', path, { query })).text();
  }

  /** The response of an answered call (2xx). */
  async send(method: string, path: string, { query = {}, body }: Call = {}): Promise<Response> {
    const url = new URL(this.server + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: 'application/json, text/*' };
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A redirect would carry the token to wherever it points.
      redirect: 'error',
    }).catch((error: unknown) => {
      throw this.#unreachable(error);
    });
    if (response.ok) return response;
    throw await this.#refusal(response);
  }

  #unreachable(error: unknown): Exit {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
    const why = cause?.code ?? (cause?.message || message);
    const hint = 'Start one with `nightshift serve`, or name another with --server or NIGHTSHIFT_SERVER.';
    return new Exit(EXIT.unreachable, `No Nightshift answers at ${this.server} (${why}). ${hint}`, { cause: error });
  }

  async #refusal(response: Response): Promise<ServerError> {
    const { code, message } = readError(await response.text().catch(() => ''));
    const said = message || `The server answered ${response.status} ${response.statusText}.`;
    const noToken = response.status === 401 && this.#token === null;
    const hint = noToken ? ' No token was found: give --token-file or NIGHTSHIFT_TOKEN.' : '';
    return new ServerError(exitCodeOf(response.status), said + hint, response.status, code);
  }
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.refused;
  if (status >= 500 || status === 429) return EXIT.unreachable;
  return status === 404 || status === 409 || status === 422 ? EXIT.bad : EXIT.usage;
}

/** Both forms of the API: {error: {code, message}} and, on the Prometheus routes, {errorType, error}. */
function readError(text: string): { code: string; message: string } {
  try {
    const { error, errorType } = JSON.parse(text) as { error?: unknown; errorType?: string };
    if (typeof error === 'string') return { code: errorType ?? '', message: error };
    const { code, message } = (error ?? {}) as { code?: string; message?: string };
    return { code: code ?? '', message: message ?? '' };
  } catch {
    return { code: '', message: '' };
  }
}
