import type { HttpClient, HttpResponse } from '../http/client.ts';
import { readText } from '../http/client.ts';
import { fieldsOf, itemsOf, numberOf, textOf } from './json.ts';
import { jsonLines } from './json-lines.ts';

/** Objects of a kind: all of them, or those of a namespace, or those that selectors choose. */
export interface Collection {
  /** Such as `pods`. */
  readonly name: string;
  /** Such as `api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** Whether the server may leave out all but the metadata. */
  readonly metadataOnly: boolean;
}

/** What the API server said in place of an answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    /** 0 where it said none. */
    readonly status: number,
    message: string,
    /** What it wants waited before the next try. */
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }
}

export interface Page {
  readonly items: readonly unknown[];
  /** From which to watch. */
  readonly resourceVersion: string;
  /** '' for the last page. */
  readonly next: string;
}

export interface WatchEvent {
  /** `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`. */
  readonly type: string;
  readonly object: unknown;
}

/** The whole of a page must be there by then. */
const pageMs = 60_000;

/** A watch must have begun by then. */
const beginMs = 30_000;

/** How much longer than asked for a watch may last, before the connection counts as dead. */
const graceMs = 30_000;

const maxPage = 256 * 1024 * 1024;

const maxStatus = 64 * 1024;

const accepted = (kind: string, metadataOnly: boolean): string =>
  metadataOnly ? `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json` : 'application/json';

/** A Status object (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) as an error. */
export function statusError(status: unknown, code = 0, retryAfterMs = 0): ApiError {
  const { message, reason, code: own, details } = fieldsOf(status);
  const { retryAfterSeconds } = fieldsOf(details);
  return new ApiError(
    numberOf(own) || code,
    textOf(message) || textOf(reason) || 'the server gave no reason',
    Math.max(retryAfterMs, numberOf(retryAfterSeconds) * 1000),
  );
}

async function refusal(response: HttpResponse): Promise<ApiError> {
  const seconds = Number(response.headers['retry-after'] ?? 0);
  const retryAfterMs = seconds > 0 ? seconds * 1000 : 0;
  const text = await readText(response, maxStatus).catch(() => '');
  const asStatus = (): ApiError | undefined => {
    try {
      const error = statusError(JSON.parse(text), response.status, retryAfterMs);
      return new ApiError(response.status, `HTTP status ${response.statusLine}: ${error.message}`, error.retryAfterMs);
    } catch {
      return undefined;
    }
  };
  return asStatus() ?? new ApiError(response.status, `HTTP status ${response.statusLine}`, retryAfterMs);
}

/** Lists and watches (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
export class ApiServer {
  constructor(
    private readonly client: HttpClient,
    private readonly address: string,
  ) {}

  /** One page. Throws ApiError with status 410 where `next` is no longer known. */
  async list(collection: Collection, limit: number, next: string, signal: AbortSignal): Promise<Page> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(pageMs)]);
    const query = { ...(limit > 0 && { limit: String(limit) }), ...(next !== '' && { continue: next }) };
    const accept = accepted('PartialObjectMetadataList', collection.metadataOnly);
    const response = await this.#get(collection, query, accept, bounded);
    const { metadata, items } = fieldsOf(JSON.parse(await readText(response, maxPage)));
    const { resourceVersion, continue: more } = fieldsOf(metadata);
    if (textOf(resourceVersion) === '') throw new ApiError(0, 'the answer is no list of objects');
    return { items: itemsOf(items), resourceVersion: textOf(resourceVersion), next: textOf(more) };
  }

  /** What happens from a version on, until the server or the network ends it. Throws ApiError where the server refuses. */
  async *watch(
    collection: Collection,
    resourceVersion: string,
    seconds: number,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const late = new AbortController();
    const giveUp = (why: string, ms: number) => setTimeout(() => late.abort(new Error(why)), ms);
    const slow = giveUp('the watch did not begin', beginMs);
    const endless = giveUp('the watch did not end', seconds * 1000 + graceMs);
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(seconds),
    };
    let response: HttpResponse | undefined;
    try {
      const accept = accepted('PartialObjectMetadata', collection.metadataOnly);
      response = await this.#get(collection, query, accept, AbortSignal.any([signal, late.signal]));
      clearTimeout(slow);
      for await (const event of jsonLines(response.body as AsyncIterable<Buffer>)) {
        const { type, object } = fieldsOf(event);
        yield { type: textOf(type), object };
      }
    } finally {
      clearTimeout(slow);
      clearTimeout(endless);
      response?.discard();
    }
  }

  async #get(
    { path, labelSelector, fieldSelector }: Collection,
    query: Readonly<Record<string, string>>,
    accept: string,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const selectors = { ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) };
    const url = `${this.address.replace(/\/+$/, '')}/${path}?${new URLSearchParams({ ...selectors, ...query })}`;
    const response = await this.client.get(url, { accept }, signal);
    if (response.status !== 200) throw await refusal(response);
    return response;
  }
}
