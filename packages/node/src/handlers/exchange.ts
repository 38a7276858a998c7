/** A request as the handlers of the library see it, whatever framework it came through. */
export interface Asked {
  readonly method: string;
  /** As the browser sent it, not as routers shortened it; no host. */
  readonly path: string;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  readonly secure: boolean;
  /** Of the peer; '' where the framework does not say. */
  readonly address: string;
  /** What the framework gave: for the application's own check. */
  readonly native: object;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type Answering = (asked: Asked) => Answer | Promise<Answer>;

export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf('?');
  if (at < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) };
}
