import type { WriteSample, WriteSeries } from '../../packages/wire/src/index.ts';
import { Random } from './random.ts';

const second = 1000;
const minute = 60 * second;

/** How far the samples reach from the base time on. */
export const spanMs = 120 * minute;

export interface DatasetOptions {
  readonly seed: number;
  /** Unix milliseconds of the first sample, a whole hour. */
  readonly base: number;
  /** Whether samples may lie on whole seconds, where ranges begin and end. */
  readonly onBoundaries: boolean;
  /** Whether counters may come back from a reset near zero. */
  readonly resetsToZero: boolean;
  /** Whether to add series for what is new in the language. */
  readonly newerLanguage: boolean;
  /** Whether values may be so large or so small that sums overflow or lose digits. */
  readonly extremes: boolean;
}

type Labels = Readonly<Record<string, string>>;

/** Generates the series that both servers get: the same options give the same series. */
export function generateDataset(options: DatasetOptions): WriteSeries[] {
  return new Dataset(options).series;
}

/** Multiples of an eighth: sums and differences of them are exact, in whatever order they are taken. */
const eighths = (random: Random, least: number, most: number): number => random.int(least * 8, most * 8) / 8;

const bounds = ['0.005', '0.05', '0.1', '0.5', '1', '2.5', '+Inf'];

class Dataset {
  readonly series: WriteSeries[] = [];
  readonly #random: Random;

  constructor(private readonly options: DatasetOptions) {
    this.#random = new Random(options.seed, 0x5e12);
    this.#counters();
    this.#histograms();
    this.#gauges();
    this.#holes();
    this.#specials();
    this.#facts();
    if (options.extremes) this.#extremes();
    if (options.newerLanguage) this.#newer();
  }

  #newer(): void {
    const times = this.#times(60 * second, 0);
    const half = times.length >> 1;
    for (const job of ['api', 'web'])
      for (const instance of ['a:1', 'b:2']) {
        const labels = { job, instance, cluster: `${job}-1`, region: 'eu' };
        const samples = times.map((timestamp) => ({ timestamp, value: 1 }));
        this.#add('target_info', labels, samples.slice(0, half));
        this.#add('target_info', { ...labels, cluster: `${job}-2` }, samples.slice(half));
      }
    for (const value of ['1', '2'])
      this.#add('näme.dotted', { job: 'api', 'läbel.x': value }, this.#counter(times, 8, 0.02));
  }

  #add(name: string, labels: Labels, samples: readonly WriteSample[]): void {
    const all = Object.entries({ __name__: name, ...labels }).sort(([a], [b]) => (a < b ? -1 : 1));
    this.series.push({ labels: new Map(all), samples });
  }

  /** Times of a scrape every `interval`, each a little late, and now and then one that is missing. */
  #times(interval: number, missing = 0.01): number[] {
    const random = this.#random;
    const isOnBoundary = this.options.onBoundaries && random.chance(0.5);
    const phase = random.int(0, interval / second - 1) * second;
    const millis = random.int(200, 800);
    const times: number[] = [];
    for (let time = phase; time < spanMs; time += interval) {
      if (random.chance(missing)) continue;
      times.push(this.options.base + time + (isOnBoundary ? 0 : millis + random.int(-90, 90)));
    }
    return times;
  }

  #counter(times: readonly number[], most: number, resetChance: number): WriteSample[] {
    const random = this.#random;
    // Above twice what a step adds, a counter is never extrapolated down to zero within one interval.
    const restart = () => (this.options.resetsToZero ? random.int(0, most) : random.int(6 * most, 12 * most));
    let value = random.chance(0.5) ? restart() : random.int(100, 5000) * most;
    let idle = 0;
    return times.map((timestamp) => {
      if (random.chance(resetChance)) value = restart();
      else if (idle > 0) idle--;
      else if (random.chance(0.02)) idle = random.int(2, 30);
      else value += random.int(1, most);
      return { timestamp, value };
    });
  }

  #counters(): void {
    for (const job of ['api', 'web'])
      for (const instance of ['a:1', 'b:2', 'c:3'])
        for (const [route, code] of [
          ['/', '200'],
          ['/', '500'],
          ['/order', '200'],
          ['/order/ä', '404'],
        ] as const) {
          if (job === 'web' && instance === 'c:3') continue;
          const times = this.#times(15 * second);
          this.#add('requests_total', { job, instance, route, code }, this.#counter(times, 40, 0.01));
          if (code === '500') this.#add('errors_total', { job, instance, route }, this.#counter(times, 3, 0.02));
        }
    this.#add('steady_total', { job: 'api' }, this.#counter(this.#times(10 * second, 0), 8, 0));
    this.#add('restless_total', { job: 'api' }, this.#counter(this.#times(20 * second), 8, 0.3));
  }

  #histograms(): void {
    const random = this.#random;
    for (const job of ['api', 'web'])
      for (const [instance, route] of [
        ['a:1', '/'],
        ['b:2', '/'],
        ['b:2', '/order'],
      ] as const) {
        const labels = { job, instance, route };
        const samples = bounds.map((): WriteSample[] => []);
        const counts = bounds.map(() => random.int(300, 600));
        for (const timestamp of this.#times(15 * second)) {
          counts.forEach((count, i) => {
            counts[i] = count + random.int(0, 9);
          });
          let below = 0;
          counts.forEach((count, i) => {
            below += count;
            samples[i]?.push({ timestamp, value: below });
          });
        }
        bounds.forEach((le, i) => {
          this.#add('latency_seconds_bucket', { ...labels, le }, samples[i] ?? []);
        });
        const total = samples.at(-1) ?? [];
        this.#add('latency_seconds_count', labels, total);
        this.#add(
          'latency_seconds_sum',
          labels,
          total.map((each) => ({ ...each, value: each.value / 4 })),
        );
      }
    const times = this.#times(30 * second);
    const broken = (kind: string, counts: Readonly<Record<string, number>>) => {
      for (const [le, count] of Object.entries(counts))
        this.#add(
          'broken_bucket',
          { kind, le },
          times.map((timestamp, i) => ({ timestamp, value: count * (i + 1) })),
        );
    };
    broken('endless', { '1': 1, '2': 3 });
    broken('falling', { '1': 8, '2': 5, '4': 6, '+Inf': 10 });
    broken('negative', { '-2': 1, '-1': 3, '0': 4, '+Inf': 4 });
    broken('words', { '1': 1, many: 2, '+Inf': 3 });
    broken('empty', { '1': 0, '2': 0, '+Inf': 0 });
    broken('spelled', { '1': 2, '1.0': 3, '1e1': 5, '+Inf': 8 });
  }

  #gauges(): void {
    const random = this.#random;
    let gauges = 0;
    for (const job of ['api', 'web'])
      for (const instance of ['a:1', 'b:2', 'c:3'])
        for (const zone of instance === 'a:1' ? ['north', 'south'] : ['north']) {
          const times = this.#times(random.pick([10, 15, 30]) * second);
          // No two series ever have the same value, so that it is defined which of them are the highest.
          const own = ++gauges / 1024;
          const samples = times.map((timestamp) => ({ timestamp, value: eighths(random, -400, 400) + own }));
          this.#add('temperature', { job, instance, zone }, samples);
        }
    let level = 0;
    const walk = this.#times(15 * second).map((timestamp) => {
      level += random.int(-2, 2);
      return { timestamp, value: level };
    });
    this.#add('queue_length', { job: 'web', instance: 'a:1' }, walk);
    for (const job of ['api', 'web'])
      this.#add(
        'limit',
        { job },
        this.#times(60 * second).map((timestamp) => ({ timestamp, value: job.length + 2 })),
      );
  }

  /** Series that come and go. */
  #holes(): void {
    const random = this.#random;
    for (const instance of ['a:1', 'b:2', 'c:3', 'd:4']) {
      let away = 0;
      const samples: WriteSample[] = [];
      for (const timestamp of this.#times(15 * second)) {
        if (away > 0) {
          away--;
          continue;
        }
        const isLeaving = random.chance(0.05);
        if (isLeaving) away = random.int(0, 40);
        samples.push({ timestamp, value: isLeaving ? 0 : random.int(0, 9), stale: isLeaving });
      }
      this.#add('flapping', { job: 'api', instance }, samples);
    }
    for (const job of ['api', 'web']) {
      let time = this.options.base + random.int(200, 800);
      const samples: WriteSample[] = [];
      while (time < this.options.base + spanMs) {
        samples.push({ timestamp: time, value: eighths(random, 0, 100) });
        // The part of a second stays what it is unless boundaries are allowed.
        time += random.int(1, random.chance(0.1) ? 700 : 90) * second;
        if (this.options.onBoundaries && random.chance(0.3)) time = Math.ceil(time / second) * second;
      }
      this.#add('irregular', { job }, samples);
    }
    const sparse = this.#times(7 * minute, 0).map((timestamp) => ({ timestamp, value: eighths(random, 0, 100) }));
    this.#add('sparse', { job: 'api' }, sparse);
    this.#add('once', { job: 'api' }, [{ timestamp: this.options.base + spanMs / 2 + 500, value: 7 }]);
  }

  #specials(): void {
    const random = this.#random;
    const of: Readonly<Record<string, readonly number[]>> = {
      nan: [Number.NaN],
      inf: [Number.POSITIVE_INFINITY],
      minusinf: [Number.NEGATIVE_INFINITY],
      zero: [0, -0],
      mixed: [1, -2.5, Number.NaN, Number.POSITIVE_INFINITY, 3, 0],
      infinities: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1],
      holey: [1, 2, Number.NaN],
    };
    for (const [kind, values] of Object.entries(of)) {
      const samples = this.#times(30 * second).map((timestamp) => ({ timestamp, value: random.pick(values) }));
      this.#add('special', { job: kind.length > 4 ? 'web' : 'api', kind }, samples);
    }
  }

  /** Series whose labels matter more than their values. */
  #facts(): void {
    const random = this.#random;
    const times = this.#times(60 * second, 0);
    for (const job of ['api', 'web'])
      for (const instance of ['a:1', 'b:2', 'c:3']) {
        const labels = { job, instance, version: random.pick(['1.0', '1.1', '2.0']), note: `x "${job}" \\ ü` };
        this.#add(
          'build_info',
          labels,
          times.map((timestamp) => ({ timestamp, value: 1 })),
        );
        const start = Math.floor(this.options.base / second) - random.int(0, 400 * 86_400);
        this.#add(
          'start_time_seconds',
          { job, instance },
          times.map((timestamp) => ({ timestamp, value: start })),
        );
      }
  }

  #extremes(): void {
    const random = this.#random;
    const of: Readonly<Record<string, readonly number[]>> = {
      huge: [1e308, -1e308, 1.7e308],
      tiny: [5e-324, 1e-300, -1e-310],
      mixed: [1e100, 1, -1e100, 1e-9],
    };
    for (const [kind, values] of Object.entries(of)) {
      const samples = this.#times(30 * second).map((timestamp) => ({ timestamp, value: random.pick(values) }));
      this.#add('extreme', { kind }, samples);
    }
  }
}

/** How many samples a query can see: all but the stale markers. */
export function visibleSamples(series: readonly WriteSeries[]): number {
  return series.reduce((sum, { samples }) => sum + samples.filter(({ stale }) => stale !== true).length, 0);
}

/** The series cut into slices of time, so that a server gets its samples in the order of time. */
export function* slices(series: readonly WriteSeries[], base: number, length = 10 * minute): Generator<WriteSeries[]> {
  for (let start = base; start < base + spanMs + length; start += length) {
    const slice = series
      .map(({ labels, samples }) => ({
        labels,
        samples: samples.filter(({ timestamp }) => timestamp >= start && timestamp < start + length),
      }))
      .filter(({ samples }) => samples.length > 0);
    if (slice.length > 0) yield slice;
  }
}
