const exponents = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** Bytes of a size such as `15MB`, `15MiB` or `1GB512MB`, all units binary, as Prometheus reads them; undefined for anything else. */
export function sizeOf(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^[+]?(\d+(\.\d*)?([KMGTPE]i?)?B)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d*)?)([KMGTPE]?)i?B/g)) {
    total += Number(count) * 1024 ** exponents.indexOf(unit);
  }
  return Math.floor(total);
}
