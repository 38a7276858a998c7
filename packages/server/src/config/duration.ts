const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 } as const;

/** Prometheus' duration: units from the greatest to the smallest, each at most once (`1h30m`), or `0`. */
export const durationPattern = /^(0|(?=\d)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?)$/;

/** Milliseconds of a text that matches `durationPattern`. */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    total += Number(count) * unitMs[unit as keyof typeof unitMs];
  }
  return total;
}
