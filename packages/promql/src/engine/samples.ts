import type { FloatHistogram } from '../histogram/histogram.ts';
import type { Grid, StepSeries, Value } from './values.ts';

/**
 * How many samples a query looked at, counted as Prometheus does (promql/engine.go and util/stats/query_stats.go there),
 * so that limits and figures can be compared: a float is one sample, a histogram one for each 16 bytes that it takes there.
 */
export interface SampleStatistics {
  /** Samples of all steps; a range function counts its whole window at every step. */
  readonly total: number;
  /** The same with each sample of a range counted once, as it comes into the window. */
  readonly read: number;
  /** The most that were held at once, had the steps been evaluated one after the other; what `maxSamples` bounds. */
  readonly peak: number;
  /** One figure a step of the query. */
  readonly totalPerStep: Float64Array;
  readonly readPerStep: Float64Array;
}

/** The counts of one grid: the query's own, a subquery's, or that of a part which is the same at every step. */
class Frame {
  readonly start: number;
  readonly step: number;
  readonly total: Float64Array;
  readonly read: Float64Array;
  /** The nodes under way, the outermost first. */
  readonly nodes: NodeCount[] = [];

  constructor(grid: Grid) {
    this.start = grid.start;
    this.step = grid.step;
    this.total = new Float64Array(grid.count);
    this.read = new Float64Array(grid.count);
  }

  get top(): NodeCount | undefined {
    return this.nodes.at(-1);
  }
}

interface NodeCount {
  /** Samples held when the node began. */
  readonly held: number;
  /** Elements of its arguments at each step. */
  readonly inputs: Float64Array;
  /** Samples of a subquery that are given up when the node is done. */
  subquery: number | undefined;
}

/** What a node does to the samples that are held: `makes` a new vector at each step, `folds` its argument, or `passes` it on. */
export type NodeRole = 'makes' | 'folds' | 'passes';

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);

function runsOf(indexes: Int32Array): number {
  let runs = 0;
  for (let i = 0; i < indexes.length; i++) if (i === 0 || indexes[i] !== indexes[i - 1]! + 1) runs++;
  return runs;
}

/** Samples that a histogram counts for: its bytes in Prometheus with its timestamp, divided by those of a float sample. */
export function sizeOfHistogram({ positive, negative, bounds }: FloatHistogram): number {
  const spans = runsOf(positive.indexes) + runsOf(negative.indexes);
  const numbers = spans + positive.indexes.length + negative.indexes.length + bounds.length;
  return Math.floor((168 + 8 * numbers + 8) / 16);
}

interface StepCounts {
  /** Samples at each step. */
  readonly sizes: Float64Array;
  /** The same with a histogram as one. */
  readonly elements: Float64Array;
}

function countSteps(series: readonly StepSeries[], count: number): StepCounts {
  const elements = new Float64Array(count);
  let sizes: Float64Array | undefined;
  for (const { present } of series) {
    for (let step = 0; step < count; step++) elements[step] = elements[step]! + present[step]!;
  }
  for (const { present, histograms } of series) {
    if (!histograms) continue;
    sizes ??= elements.slice();
    for (let step = 0; step < count; step++) {
      const histogram = present[step] === 1 ? histograms[step] : undefined;
      if (histogram) sizes[step] = sizes[step]! + sizeOfHistogram(histogram) - 1;
    }
  }
  return { sizes: sizes ?? elements, elements };
}

function sizeOfSteps({ present, histograms }: StepSeries): number {
  let size = 0;
  for (let step = 0; step < present.length; step++) size += present[step]!;
  if (!histograms) return size;
  for (let step = 0; step < present.length; step++) {
    const histogram = present[step] === 1 ? histograms[step] : undefined;
    if (histogram) size += sizeOfHistogram(histogram) - 1;
  }
  return size;
}

function add(counts: Float64Array, more: Float64Array): void {
  for (let step = 0; step < counts.length; step++) counts[step] = counts[step]! + more[step]!;
}

/**
 * The samples of a query as they come and go. All steps are evaluated at once here, so what Prometheus would have held
 * step by step is reckoned from the finished values of each node; the nodes of a query follow one another.
 */
export class SampleCounter {
  /** Of vectors that were counted already: a node's result is an argument of the node around it. */
  private readonly counted = new WeakMap<readonly StepSeries[], StepCounts>();
  private held = 0;
  private peak = 0;
  private frame: Frame;
  private readonly most: number;
  private readonly refuse: (peak: number) => never;

  /** `refuse` throws once more than `most` are held. */
  constructor(grid: Grid, most: number, refuse: (peak: number) => never) {
    this.frame = new Frame(grid);
    this.most = most;
    this.refuse = refuse;
  }

  statistics(): SampleStatistics {
    const { total, read } = this.frame;
    return { total: sum(total), read: sum(read), peak: this.peak, totalPerStep: total, readPerStep: read };
  }

  private reach(samples: number): void {
    if (samples <= this.peak) return;
    this.peak = samples;
    if (samples > this.most) this.refuse(samples);
  }

  begin(): void {
    this.frame.nodes.push({
      held: this.held,
      inputs: new Float64Array(this.frame.total.length),
      subquery: undefined,
    });
  }

  end(role: NodeRole, value: Value): void {
    const node = this.frame.nodes.pop()!;
    const { inputs } = node;
    const count = inputs.length;
    if (role === 'makes') {
      const { sizes } = this.countsOf(value, count);
      let made = 0;
      for (let step = 0; step < count; step++) {
        made += sizes[step]!;
        this.reach(this.held + made + inputs[step]!);
      }
      this.held = node.held + made;
    } else if (role === 'folds') {
      this.held = node.held + sum(this.countsOf(value, count).sizes);
    }
    this.reach(this.held);
    if (node.subquery !== undefined) this.held -= node.subquery;
    this.isInput(value);
  }

  private isInput(value: Value): void {
    const parent = this.frame.top;
    if (parent) add(parent.inputs, this.countsOf(value, parent.inputs.length).elements);
  }

  private countsOf(value: Value, count: number): StepCounts {
    if (value.kind === 'vector') return this.countsOfSeries(value.series, count);
    const sizes = new Float64Array(count).fill(value.kind === 'scalar' ? 1 : 0);
    return { sizes, elements: sizes };
  }

  private countsOfSeries(series: readonly StepSeries[], count: number): StepCounts {
    const known = this.counted.get(series);
    if (known?.sizes.length === count) return known;
    const counts = countSteps(series, count);
    this.counted.set(series, counts);
    return counts;
  }

  /** What an instant selector found. */
  selected(series: readonly StepSeries[]): void {
    const { sizes } = this.countsOfSeries(series, this.frame.total.length);
    this.count(sizes);
    this.held += sum(sizes);
    this.reach(this.held);
  }

  /** What an instant selector found for a function that asks for times only. */
  timed(series: readonly StepSeries[]): void {
    const { elements } = this.countsOfSeries(series, this.frame.total.length);
    this.count(elements);
    const inputs = this.frame.top?.inputs;
    if (inputs) add(inputs, elements);
  }

  private count(sizes: Float64Array): void {
    const { total, read } = this.frame;
    add(total, sizes);
    add(read, sizes);
  }

  /** The whole content of a range selector, `size` samples a series, that is itself the answer. */
  contents(sizes: readonly number[]): void {
    for (const size of sizes) {
      this.frame.total[0] = this.frame.total[0]! + size;
      this.frame.read[0] = this.frame.read[0]! + size;
      this.held += size;
    }
    this.reach(this.held);
  }

  /** Counts the windows of one series; `histograms` as in `SeriesData`. */
  windows(histograms: readonly (FloatHistogram | undefined)[] | undefined): WindowCounter {
    const { total, read, top } = this.frame;
    return new WindowCounter(total, top?.subquery === undefined ? read : undefined, histograms);
  }

  /** One series of a range function is done; its largest and its last window. */
  windowed({ largest, last }: { readonly largest: number; readonly last: number }, result: StepSeries): void {
    this.windowedSteps(largest, last, sizeOfSteps(result));
  }

  /** The same, with `size` steps that have a float. */
  windowedSteps(largest: number, last: number, size: number): void {
    this.reach(this.held + largest);
    this.held += size;
    this.reach(this.held + last);
  }

  /** Counts the windows that as many series of floats have in common. */
  sawWindows({ from, to }: { readonly from: Int32Array; readonly to: Int32Array }, series: number): void {
    const { total, top } = this.frame;
    const read = top?.subquery === undefined ? this.frame.read : undefined;
    let readTo = 0;
    for (let step = 0; step < from.length; step++) {
      const end = to[step]!;
      total[step] = total[step]! + series * (end - from[step]!);
      if (read) read[step] = read[step]! + series * Math.max(0, end - Math.max(from[step]!, readTo));
      readTo = end;
    }
  }

  /** A vector of floats that was never made, of which `elements` are there at each step; stands for it where it is counted. */
  vectorOf(elements: Float64Array): Value {
    const series: StepSeries[] = [];
    this.counted.set(series, { sizes: elements, elements });
    return { kind: 'vector', series };
  }

  /** What an instant selector found that was never made into a vector. */
  selectedSteps(elements: Float64Array): void {
    this.count(elements);
    this.held += sum(elements);
    this.reach(this.held);
  }

  /** Counts what follows on another grid, until `leaveSubquery` or `leaveInvariant` is called with what this returns. */
  enter(grid: Grid): Frame {
    const outer = this.frame;
    this.frame = new Frame(grid);
    return outer;
  }

  /** `series` is what the subquery gave. Its own samples count for the query only where it is the query. */
  leaveSubquery(outer: Frame, series: readonly StepSeries[], offset: number, range: number): void {
    const inner = this.frame;
    this.frame = outer;
    const node = outer.top;
    if (!node) outer.total[outer.total.length - 1] = outer.total.at(-1)! + sum(inner.total);
    else {
      const { sizes } = this.countsOfSeries(series, inner.total.length);
      node.subquery = (node.subquery ?? 0) + sum(sizes);
    }
    attribute(inner, outer, node ? offset : 0, node ? range : 0);
  }

  /** `value` is the one step of the part, repeated for every step of the grid that is gone back to. */
  leaveInvariant(outer: Frame, value: Value): void {
    const inner = this.frame;
    this.frame = outer;
    const total = sum(inner.total);
    for (let step = 0; step < outer.total.length; step++) outer.total[step] = outer.total[step]! + total;
    outer.read[0] = outer.read[0]! + sum(inner.read);
    const { sizes } = this.countsOf(value, outer.total.length);
    this.held += sum(sizes) - sizes[0]!;
    this.reach(this.held);
    this.isInput(value);
  }
}

/** Each step of a subquery was read for the first step of the grid around it that sees it; those in no window are left out. */
function attribute(inner: Frame, outer: Frame, offset: number, range: number): void {
  const count = outer.read.length;
  for (let k = 0; k < inner.read.length; k++) {
    const read = inner.read[k]!;
    if (read === 0) continue;
    const time = inner.start + k * inner.step + offset;
    const reached = time > outer.start && outer.step > 0 ? Math.ceil((time - outer.start) / outer.step) : 0;
    const step = Math.min(reached, count - 1);
    if (count > 1 && range > 0 && time <= outer.start + step * outer.step - range) continue;
    outer.read[step] = outer.read[step]! + read;
  }
}

/** Counts the windows of one series as they slide from step to step. */
export class WindowCounter {
  /** Samples of the largest window, and of the last. */
  largest = 0;
  last = 0;
  private readTo = 0;
  private readonly total: Float64Array;
  private readonly read: Float64Array | undefined;
  /** Samples before each place, where they are not all floats. */
  private readonly before: Float64Array | undefined;

  constructor(
    total: Float64Array,
    read: Float64Array | undefined,
    histograms: readonly (FloatHistogram | undefined)[] | undefined,
  ) {
    this.total = total;
    this.read = read;
    if (!histograms) return;
    this.before = new Float64Array(histograms.length + 1);
    histograms.forEach((histogram, i) => {
      this.before![i + 1] = this.before![i]! + (histogram ? sizeOfHistogram(histogram) : 1);
    });
  }

  private size(from: number, to: number): number {
    if (to <= from) return 0;
    return this.before ? this.before[to]! - this.before[from]! : to - from;
  }

  /** The window of a step is the samples `from <= i < to`. */
  see(step: number, from: number, to: number): void {
    const size = this.size(from, to);
    this.last = size;
    if (size > this.largest) this.largest = size;
    this.total[step] = this.total[step]! + size;
    if (this.read) this.read[step] = this.read[step]! + this.size(Math.max(from, this.readTo), to);
    this.readTo = to;
  }
}
