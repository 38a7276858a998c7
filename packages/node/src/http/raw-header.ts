/**
 * The value of a header as it came, of names and values in turn; undefined where it is missing or came with different
 * values. Node makes `request.headers` when that is first asked for: an application that never asks pays for nothing.
 */
export function rawHeader(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let place = 0; place + 1 < rawHeaders.length; place += 2) {
    const each = rawHeaders[place]!;
    if (each.length !== name.length || each.toLowerCase() !== name) continue;
    const value = rawHeaders[place + 1]!;
    if (found !== undefined && found !== value) return undefined;
    found = value;
  }
  return found;
}
