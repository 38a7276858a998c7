/** Bytes of what is uploaded, without touching a stream; undefined where they cannot be known. */
export function bodySize(body: unknown, announced: unknown): number | undefined {
  if (typeof announced === 'number') return announced;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (typeof body !== 'object' || body === null) return undefined;
  // In turn: bytes of any kind, a Blob, a file that is read.
  const { byteLength, size, bytesRead } = body as Readonly<Record<string, unknown>>;
  return [byteLength, size, bytesRead].find((one): one is number => typeof one === 'number');
}
