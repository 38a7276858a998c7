/** What is rolled up: a few hundred series of each kind that a fleet has. `value(i)` is that of scrape i. */

export interface Kind {
  readonly name: string;
  readonly value: (series: number, i: number) => number;
}

/** A number in [0, 1) that looks random. */
function noise(seed: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

export const scrapeMs = 15_000;
/** Scrapes between two restarts of an instance. */
const LIFE = 20_011;

export const kinds: readonly Kind[] = [
  {
    name: 'requests_total',
    value: (series, i) => {
      const speed = 3 + (series % 97);
      const alive = (i + series * 37) % LIFE;
      return alive * speed + Math.floor(noise(series * 65_537 + i) * speed);
    },
  },
  {
    name: 'duration_seconds_bucket',
    value: (series, i) => i * (series % 50) + Math.floor(noise(series * 65_539 + i) * (series % 50)),
  },
  {
    name: 'node_load1',
    value: (series, i) => Math.round(100 * (2 + Math.sin(i / 9 + series) + noise(series * 31 + i))) / 100,
  },
  { name: 'memory_bytes', value: (series, i) => 1e9 + 4096 * Math.floor(noise(series * 101 + i) * 1e5) },
  { name: 'temperature', value: (series, i) => 20 + 5 * Math.sin(i / 500 + series) + noise(series * 7 + i) },
  { name: 'up', value: () => 1 },
];
