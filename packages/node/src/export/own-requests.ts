/** The library's own requests are neither traced nor counted. */
let depth = 0;

/** Whatever request is made within `work`, synchronously, is the library's own. */
export function asOwnRequest<T>(work: () => T): T {
  depth++;
  try {
    return work();
  } finally {
    depth--;
  }
}

/** To be asked while a request is made: by a wrapped `http.request` or in a channel of diagnostics. */
export const isOwnRequest = (): boolean => depth > 0;
