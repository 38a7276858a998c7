/** A time in RFC 3339; Go's zero time for none, as Prometheus answers. */
export const iso = (ms: number | null): string => (ms === null ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString());
