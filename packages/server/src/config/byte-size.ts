const unitBytes = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;

/** A whole number of bytes, alone or in a binary unit (`64MiB`, `64 MiB`). */
export const byteSizePattern = /^\d{1,13} ?(KiB|MiB|GiB|TiB)?$/;

/** Bytes of a text that matches `byteSizePattern`. */
export function byteSize(text: string): number {
  const unit = /[KMGT]iB$/.exec(text)?.[0] as keyof typeof unitBytes | undefined;
  return Number.parseInt(text, 10) * (unit ? unitBytes[unit] : 1);
}
