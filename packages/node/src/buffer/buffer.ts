import type { Settings } from '../config/settings.ts';
import type { Guard } from '../core/guard.ts';
import type { Kind, Operation, Recorder } from '../core/operation.ts';
import type { SpanIds } from '../tracing/tracer.ts';
import { Ring } from './ring.ts';
import { Sampler } from './sampler.ts';
import { type Statistics, statisticsByName, statisticsOf } from './statistics.ts';

/** An operation that failed or was slow, with its text. */
export interface Notable {
  readonly name: string;
  readonly seconds: number;
  readonly failed: boolean;
  /** Unix milliseconds at which it ended. */
  readonly time: number;
  /** A normalised statement or the like, shortened; '' where there is none. */
  readonly detail: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly traceId: string;
}

export interface KindSnapshot {
  readonly kind: Kind;
  /** Since the start, not sampled. */
  readonly total: { readonly count: number; readonly failed: number; readonly seconds: number };
  /** Over what the ring stands for. */
  readonly recent: Statistics;
  /** The same by name, those with most time first. */
  readonly byName: readonly (Statistics & { readonly name: string })[];
  /** The slowest first. */
  readonly notable: readonly Notable[];
  /** Share that is kept at present. */
  readonly rate: number;
  readonly kept: number;
}

export interface OperationBuffer extends Recorder {
  kinds(): readonly KindSnapshot[];
  /** The totals alone, of which the history asks every few seconds. */
  totals(): readonly Pick<KindSnapshot, 'kind' | 'total'>[];
}

type BufferSettings = Pick<
  Settings,
  'samplingRate' | 'samplingTarget' | 'samplingMinimum' | 'slowQueryThreshold' | 'bufferSize'
>;

export interface BufferOptions {
  readonly settings: BufferSettings;
  readonly guard: Guard;
  readonly now: () => number;
  readonly random?: () => number;
}

/** Kinds of the application's own are named by it; more than this many are one, `other`. */
const MOST_KINDS = 64;
const MOST_NOTABLE = 100;
const MOST_DETAIL = 4096;

class KindBuffer {
  readonly ring: Ring;
  readonly sampler: Sampler;
  readonly notable: Notable[] = [];
  readonly total = { count: 0, failed: 0, seconds: 0 };
  kept = 0;
  private nextNotable = 0;

  constructor(
    readonly kind: Kind,
    private readonly options: BufferOptions,
  ) {
    const { samplingRate, samplingTarget, samplingMinimum, bufferSize } = options.settings;
    this.ring = new Ring(bufferSize);
    const rate = samplingRate[kind] ?? samplingRate.default;
    const { random } = options;
    this.sampler = new Sampler({
      rate,
      target: samplingTarget === 0 ? undefined : samplingTarget,
      minimumPerMinute: samplingMinimum,
      ...(random && { random }),
    });
  }

  record(operation: Operation): void {
    const { name, seconds, failed } = operation;
    const time = this.options.now();
    this.total.count++;
    this.total.seconds += seconds;
    if (failed) this.total.failed++;
    const isNotable = failed || seconds >= this.options.settings.slowQueryThreshold;
    const weight = this.sampler.weigh(time, isNotable);
    if (weight === 0) return;
    this.kept++;
    this.ring.add(name, seconds, time, weight, failed);
    if (isNotable) this.note(operation, time);
  }

  private note({ name, seconds, failed, labels = {}, detail, span }: Operation, time: number): void {
    const text = detail ? this.options.guard.run('buffer.detail', detail, '').slice(0, MOST_DETAIL) : '';
    const traceId = traceOf(span);
    this.notable[this.nextNotable] = { name, seconds, failed, time, detail: text, labels, traceId };
    this.nextNotable = (this.nextNotable + 1) % MOST_NOTABLE;
  }

  snapshot(): KindSnapshot {
    return {
      kind: this.kind,
      total: { ...this.total },
      recent: statisticsOf(this.ring),
      byName: statisticsByName(this.ring),
      notable: [...this.notable].sort((a, b) => b.seconds - a.seconds),
      rate: this.sampler.rate,
      kept: this.kept,
    };
  }
}

const traceOf = (span: SpanIds | undefined): string => (span?.sampled ? span.traceId : '');

export function createBuffer(options: BufferOptions): OperationBuffer {
  const kinds = new Map<Kind, KindBuffer>();
  const bufferOf = (kind: Kind): KindBuffer => {
    const known = kinds.get(kind);
    if (known) return known;
    const name = kinds.size < MOST_KINDS ? kind : 'other';
    const buffer = kinds.get(name) ?? new KindBuffer(name, options);
    kinds.set(name, buffer);
    return buffer;
  };
  return {
    record(operation) {
      options.guard.run('buffer.record', () => bufferOf(operation.kind).record(operation), undefined);
    },
    kinds: () => [...kinds.values()].map((kind) => kind.snapshot()),
    totals: () => [...kinds.values()].map(({ kind, total }) => ({ kind, total: { ...total } })),
  };
}
