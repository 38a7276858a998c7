import type { WriteSeries } from '../../packages/wire/src/index.ts';

export const scrapeMs = 15_000;
/** Samples of one hour. */
export const perSeries = 240;

/**
 * What a small fleet of 50 instances sends: 4,000 counters of requests, 4,000 buckets of their durations, and the load and
 * memory of 1,000 hosts. `value(i)` is that of scrape i.
 */
export function generateFleet(): { labels: Map<string, string>; value: (i: number) => number }[] {
  const fleet: { labels: Map<string, string>; value: (i: number) => number }[] = [];
  const add = (labels: Record<string, string>, value: (i: number) => number) =>
    fleet.push({ labels: new Map(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))), value });
  const bounds = ['0.005', '0.01', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '10', '+Inf'];
  for (let instance = 0; instance < 50; instance++) {
    const common = { job: `job-${instance % 5}`, instance: `10.0.0.${instance}:9100` };
    for (let route = 0; route < 20; route++) {
      for (const [place, code] of ['200', '302', '404', '500'].entries()) {
        const speed = (route + 1) * (instance + 3) * (place === 0 ? 10 : 1);
        const labels = { __name__: 'http_requests_total', ...common, route: `/r/${route}`, code };
        add(labels, (i) => i * speed + ((i * 7 + place) % (speed + 1)));
      }
    }
    for (let route = 0; route < 8; route++) {
      for (const [place, le] of bounds.entries()) {
        const labels = { __name__: 'http_request_duration_seconds_bucket', ...common, route: `/r/${route}`, le };
        add(labels, (i) => i * (place + 1) * (route + 1));
      }
    }
  }
  for (let host = 0; host < 1000; host++) {
    const common = { job: 'node', instance: `10.1.${host >> 8}.${host & 255}:9100` };
    add({ __name__: 'node_load1', ...common }, (i) => Math.round(100 * (2 + Math.sin(i / 9 + host))) / 100);
    add({ __name__: 'node_memory_free_bytes', ...common }, (i) => 1e9 + ((i * 4096 * (host + 1)) % 5e8));
  }
  return fleet;
}

/** Requests of 500 series and 40 scrapes each, in the order of time. */
export function* writeRequests(start: number): Generator<WriteSeries[]> {
  const fleet = generateFleet();
  for (let from = 0; from < perSeries; from += 40) {
    for (let first = 0; first < fleet.length; first += 500) {
      yield fleet.slice(first, first + 500).map(({ labels, value }) => ({
        labels,
        samples: Array.from({ length: 40 }, (_, i) => ({
          timestamp: start + (from + i) * scrapeMs,
          value: value(from + i),
        })),
      }));
    }
  }
}
