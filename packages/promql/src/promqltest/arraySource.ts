import { staleMarkers } from '../engine/staleness.ts';
import { identity } from '../labels.ts';
import { compileMatchers } from '../matchers/compile.ts';
import type { Labels, SelectRequest, SeriesData, SeriesSource } from '../source.ts';
import type { SeriesLine } from './script.ts';

/** The data that a script has loaded. */
export class ArraySource implements SeriesSource {
  private readonly series = new Map<string, { labels: Labels; points: Map<number, number | 'stale'> }>();

  /** Adds points at 0, `interval`, …; a later point replaces an earlier one at the same time. */
  load(interval: number, lines: readonly SeriesLine[]): void {
    for (const { labels, points } of lines) {
      const key = identity(labels);
      const known = this.series.get(key) ?? { labels, points: new Map() };
      this.series.set(key, known);
      points.forEach((point, i) => {
        if (typeof point === 'number' || point === 'stale') known.points.set(i * interval, point);
      });
    }
  }

  async select(request: SelectRequest): Promise<SeriesData[]> {
    const matches = compileMatchers(request.matchers);
    const [marker] = [staleMarkers()];
    const found: SeriesData[] = [];
    for (const { labels, points } of this.series.values()) {
      if (!matches(labels)) continue;
      const within = [...points].filter(([time]) => time >= request.start && time <= request.end);
      if (within.length === 0) continue;
      within.sort(([a], [b]) => a - b);
      const timestamps = Float64Array.from(within, ([time]) => time);
      const values = new Float64Array(within.length);
      within.forEach(([, value], i) => {
        if (value === 'stale') values.set(marker, i);
        else values[i] = value;
      });
      found.push({ labels, timestamps, values });
    }
    return found;
  }
}
