import { NightshiftError } from '../errors/catalogue.ts';
import type { BodyLimits } from './body.ts';
import type { Refusal, SampleRefusal } from './refusal.ts';

/** Bounds of one sender; 0 is none. */
export interface SenderLimits {
  readonly samplesPerSecond: number;
  /** Samples that may come at once after a pause; 0 is as many as ten seconds may have. */
  readonly burst: number;
  /** Series that it may make known. */
  readonly maxSeries: number;
  /** Bytes, as sent and unfolded. */
  readonly maxBodyBytes: number;
  readonly maxDecompressedBytes: number;
  /** Requests that are under way at once. */
  readonly maxConcurrent: number;
}

export const unlimited: SenderLimits = {
  samplesPerSecond: 0,
  burst: 0,
  maxSeries: 0,
  maxBodyBytes: 0,
  maxDecompressedBytes: 0,
  maxConcurrent: 0,
};

/** How telemetry came in: a request with a token or a session, or one of Nightshift's own parts. */
export type Via = 'push' | 'scrape' | 'rules' | 'host' | 'self';

/** Why a whole request is refused, as the label `reason` of the metric has it. */
export type RequestRefusal =
  | 'rate'
  | 'concurrency'
  | 'body_too_large'
  | 'invalid'
  | 'unsupported'
  | 'overloaded'
  | 'unavailable';

const requestReasons: Readonly<Record<string, RequestRefusal>> = {
  INGEST_RATE: 'rate',
  INGEST_CONCURRENCY: 'concurrency',
  BODY_TOO_LARGE: 'body_too_large',
  BODY_INVALID: 'invalid',
  CONTENT_TYPE: 'unsupported',
  CONTENT_ENCODING: 'unsupported',
  OVERLOADED: 'overloaded',
};

/** What came of a sender's telemetry since the start. */
export interface SenderCounts {
  readonly samples: number;
  readonly logRecords: number;
  readonly spans: number;
  readonly refusedSamples: ReadonlyMap<SampleRefusal, number>;
  readonly refusedRequests: ReadonlyMap<RequestRefusal, number>;
}

const BURST_SECONDS = 10;

const atMost = (all: number, own: number): number => (own === 0 ? all : Math.min(all, own));

const add = <T>(counts: Map<T, number>, key: T, more: number) => counts.set(key, (counts.get(key) ?? 0) + more);

/** Who telemetry comes from: its bounds, and what came of it. */
export class Sender {
  readonly counts = {
    samples: 0,
    logRecords: 0,
    spans: 0,
    refusedSamples: new Map<SampleRefusal, number>(),
    refusedRequests: new Map<RequestRefusal, number>(),
  };
  private concurrent = 0;
  /** Samples that may come now; below zero until what was too much is made up for. */
  private allowance = Number.POSITIVE_INFINITY;
  private countedAt = 0;
  private madeKnown = 0;

  constructor(
    readonly via: Via,
    /** Of the token; '' for one of Nightshift's own parts. */
    readonly token: string,
    public limits: SenderLimits = unlimited,
  ) {}

  /**
   * Begins a request; the result ends it. Throws INGEST_RATE or INGEST_CONCURRENCY: a request is known to be too much only
   * when it is decoded, so one that is begins a pause instead of being refused itself.
   */
  begin(now: number): () => void {
    const { samplesPerSecond: rate, maxConcurrent } = this.limits;
    if (rate > 0 && this.refill(now) <= 0) {
      const seconds = Math.max(1, Math.ceil(-this.allowance / rate));
      throw new NightshiftError('INGEST_RATE', { sender: this.name, limit: rate, seconds }, seconds);
    }
    if (maxConcurrent > 0 && this.concurrent >= maxConcurrent) {
      throw new NightshiftError('INGEST_CONCURRENCY', { sender: this.name, limit: maxConcurrent }, 1);
    }
    this.concurrent++;
    let isOpen = true;
    return () => {
      if (isOpen) this.concurrent--;
      isOpen = false;
    };
  }

  /** Takes samples that came off what may come. */
  charge(samples: number, now: number): void {
    if (this.limits.samplesPerSecond > 0) this.allowance = this.refill(now) - samples;
  }

  private refill(now: number): number {
    const { samplesPerSecond: rate, burst } = this.limits;
    const most = burst > 0 ? burst : rate * BURST_SECONDS;
    const more = (Math.max(0, now - this.countedAt) / 1000) * rate;
    this.allowance = Math.min(most, this.allowance + more);
    this.countedAt = now;
    return this.allowance;
  }

  /** Series that it may still make known. */
  get seriesRoom(): number {
    const { maxSeries } = this.limits;
    return maxSeries === 0 ? Number.POSITIVE_INFINITY : Math.max(0, maxSeries - this.madeKnown);
  }

  /** Counts series as made known by it. The result takes that back for a record that could not be stored, and throws why. */
  reserveSeries(count: number): (error: unknown) => never {
    this.madeKnown += count;
    return (error) => {
      this.madeKnown -= count;
      throw error;
    };
  }

  bodyLimits({ maxBodyBytes, maxDecompressedBytes }: BodyLimits): BodyLimits {
    const { limits } = this;
    return {
      maxBodyBytes: atMost(maxBodyBytes, limits.maxBodyBytes),
      maxDecompressedBytes: atMost(maxDecompressedBytes, limits.maxDecompressedBytes),
    };
  }

  refuse(refusals: readonly Pick<Refusal, 'reason' | 'samples'>[]): void {
    for (const { reason, samples } of refusals) add(this.counts.refusedSamples, reason, samples);
  }

  /** A request failed; one of which a part was taken has not. */
  failed(error: unknown): void {
    const code = error instanceof NightshiftError ? error.code : '';
    add(this.counts.refusedRequests, requestReasons[code] ?? 'unavailable', 1);
  }

  /** For people. */
  get name(): string {
    return this.token === '' ? this.via : `token ${this.token}`;
  }
}

export interface SenderSettings {
  /** Of every token that is not named. */
  readonly limits: SenderLimits;
  /** By name of token; what is left out is as in `limits`. */
  readonly tokens: Readonly<Record<string, Partial<SenderLimits>>>;
}

/** Names that are counted apart. Tokens are made by people; this is for one that makes them by a program. */
const MOST_NAMES = 500;

/** Every sender since the start. */
export class Senders {
  private readonly byToken = new Map<string, Sender>();
  private readonly own = new Map<Via, Sender>();
  private readonly others: Sender;

  constructor(private settings: SenderSettings = { limits: unlimited, tokens: {} }) {
    this.others = new Sender('push', 'other', settings.limits);
  }

  /** Whoever sends under that name; tokens of one name share what they may. Beyond 500 names the rest share as one. */
  token(name: string): Sender {
    const known = this.byToken.get(name);
    if (known) return known;
    if (this.byToken.size >= MOST_NAMES && !Object.hasOwn(this.settings.tokens, name)) return this.others;
    const sender = new Sender('push', name, this.limitsOf(name));
    this.byToken.set(name, sender);
    return sender;
  }

  /** One of Nightshift's own parts, which has no bounds of this kind. */
  part(via: Exclude<Via, 'push'>): Sender {
    const known = this.own.get(via);
    if (known) return known;
    const sender = new Sender(via, '');
    this.own.set(via, sender);
    return sender;
  }

  /** Goes on by other bounds; what was counted stays. */
  change(settings: SenderSettings): void {
    this.settings = settings;
    this.others.limits = settings.limits;
    for (const [name, sender] of this.byToken) sender.limits = this.limitsOf(name);
  }

  list(): Sender[] {
    const others = this.byToken.size >= MOST_NAMES ? [this.others] : [];
    return [...this.own.values(), ...this.byToken.values(), ...others];
  }

  private limitsOf(name: string): SenderLimits {
    const { limits, tokens } = this.settings;
    return Object.hasOwn(tokens, name) ? { ...limits, ...tokens[name] } : limits;
  }
}
