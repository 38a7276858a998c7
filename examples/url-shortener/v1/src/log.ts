/** One line of text per request; an error is followed by its stack. */
export interface Log {
  info(message: string): void;
  request(line: RequestLine): void;
  error(where: string, error: unknown): void;
}

export interface RequestLine {
  method: string;
  path: string;
  id: string;
  status: number;
  startedAt: number;
}

export function createLog(write: (line: string) => void): Log {
  const stamp = () => new Date().toISOString();
  return {
    info(message) {
      write(`${stamp()} info ${message}`);
    },
    request({ method, path, id, status, startedAt }) {
      const took = Math.round(performance.now() - startedAt);
      write(`${stamp()} info ${method} ${path} req=${id} ${status} ${took}ms`);
    },
    error(where, error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      write(`${stamp()} error ${where} ${text}`);
    },
  };
}
