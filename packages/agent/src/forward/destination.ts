/**
 * One destination: what is scraped goes to its spool, and from there to its server.
 *
 * Nothing is lost and nothing repeated visibly when the process dies at any moment. The spool writes down the bounds of a
 * batch before it is handed out and takes it off only after every request of it has had its final answer; after a crash
 * the very same batch comes first and makes the very same requests. What of it had arrived then arrives again with the
 * same times and values, which a receiver of remote write stores once.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, openSpool, type Spool } from '@nightshift/spool';
import { encodeSnappy } from '@nightshift/wire';
import { type RemoteWriteConfig, relabellingOf } from '../config/remote-write.ts';
import type { Log } from '../log.ts';
import { decodeRecord, encodeRecord, type SpoolRecord } from '../request/record.ts';
import { Shape, type ShapeOptions } from '../request/shape.ts';
import { joinSnappyBlocks } from '../request/snappy-blocks.ts';
import { DestinationCounts } from './counts.ts';
import { backoffMs, judge } from './judgement.ts';
import { type PlannedRequest, planRequests } from './plan.ts';
import { createSender, type Sender } from './sender.ts';

export interface DestinationDeps {
  readonly dir: string;
  readonly capBytes: number;
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly now: () => number;
  readonly log: Log;
  readonly random: () => number;
}

/** What of the spool is worked on at a time, compressed. */
const batchBytes = 1024 * 1024;

/** A lasting failure is logged once in this time. */
const logEveryMs = 60_000;

export class Destination {
  readonly counts = new DestinationCounts();
  #sender: Sender;
  #shape: Shape;
  #externalLabels: ReadonlyMap<string, string>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failingSince = 0;
  #loggedAt = 0;

  private constructor(
    public config: RemoteWriteConfig,
    readonly spool: Spool,
    private readonly deps: DestinationDeps,
  ) {
    this.#sender = createSender(config);
    this.#externalLabels = deps.externalLabels;
    this.#shape = new Shape(shapeOf(config, deps.externalLabels));
  }

  /** Opens the spool and begins to send what is in it. */
  static async open(config: RemoteWriteConfig, deps: DestinationDeps): Promise<Destination> {
    const { log } = deps;
    const about = { destination: config.name };
    let opened: Destination | undefined;
    const spool = await openSpool({
      dir: deps.dir,
      capBytes: deps.capBytes,
      onDrop: ({ records, bytes }) => {
        if (!opened) return;
        opened.counts.droppedRecords += records;
        opened.counts.droppedBytes += bytes;
        log.warn({ ...about, records, bytes, cap: deps.capBytes }, 'the spool is full: the oldest was dropped');
      },
      onQuarantine: (file) => log.error({ ...about, file }, 'a file of the spool is damaged and was set aside'),
    });
    opened = new Destination(config, spool, deps);
    opened.#running = opened.#run();
    return opened;
  }

  /** Resolves when what the destination wants of it is on disk. */
  async take(request: Uint8Array, key: number, at: number): Promise<void> {
    const parts = this.#shape.apply(request);
    try {
      await Promise.all(
        parts.map(({ bytes, samples }) =>
          this.spool.append(encodeRecord({ key, samples, at, block: encodeSnappy(bytes) })),
        ),
      );
    } catch (error) {
      this.counts.spoolFailures++;
      throw error;
    }
  }

  /** Goes on by another configuration of the same name; what is in the spool was shaped by the old one. */
  async reload(config: RemoteWriteConfig, externalLabels: ReadonlyMap<string, string>): Promise<void> {
    const before = this.#sender;
    this.config = config;
    this.#externalLabels = externalLabels;
    this.#shape = new Shape(shapeOf(config, externalLabels));
    this.#sender = createSender(config);
    await before.close();
  }

  /** Stops at once; what was not answered is sent again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.spool.close();
    await this.#running;
    await this.#sender.close();
  }

  /** Closes and deletes the spool. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.deps.dir, { recursive: true, force: true });
  }

  get failingSince(): number {
    return this.#failingSince;
  }

  get externalLabels(): ReadonlyMap<string, string> {
    return this.#externalLabels;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    // The first batch may be one that was sent, wholly or in part, before the last process ended.
    let isRepeat = true;
    let isBehind = true;
    while (!signal.aborted) {
      try {
        await this.spool.waitForRecords();
        if (!isBehind) await sleep(this.config.queue.batchSendDeadlineMs, undefined, { signal });
        if (signal.aborted) return;
        const batch = await this.spool.nextBatch(batchBytes);
        if (!batch) continue;
        await this.#deliverBatch(batch, isRepeat);
        await this.spool.commit(batch);
        isRepeat = false;
        isBehind = batch.end - batch.start > batchBytes / 2;
      } catch (error) {
        if (signal.aborted) return;
        this.deps.log.error({ destination: this.config.name, reason: String(error) }, 'the spool cannot be read');
        await sleep(1000, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #deliverBatch(batch: Batch, isRepeat: boolean): Promise<void> {
    const records = batch.records.map(decodeRecord);
    const known = records.filter((record): record is SpoolRecord => record !== undefined);
    if (known.length < records.length) {
      const unknown = records.length - known.length;
      this.deps.log.error(
        { destination: this.config.name, records: unknown },
        'records of another version were passed over',
      );
    }
    const { maxShards, maxSamplesPerSend } = this.config.queue;
    const shards = planRequests(known, maxShards, maxSamplesPerSend);
    await Promise.all(
      shards.map(async (requests) => {
        for (const request of requests) await this.#deliver(request, isRepeat);
      }),
    );
  }

  /** Resolves when the request has its final answer; rejects when the agent stops before. */
  async #deliver(request: PlannedRequest, mayHaveArrived: boolean): Promise<void> {
    const { now, random } = this.deps;
    const block = joinSnappyBlocks(request.records.map((record) => record.block));
    for (let repeat = 0; ; repeat++) {
      this.#stop.signal.throwIfAborted();
      if (this.#isTooOld(request)) return this.#lose('too old', request, 'older than sample_age_limit');
      this.counts.requests++;
      const answer = await this.#sender.send(block, repeat, this.#stop.signal);
      const judgement = judge(answer, now());
      if (judgement.kind === 'delivered') return this.#delivered(request, block);
      if (judgement.kind === 'refused') {
        const isDoubtful = mayHaveArrived || repeat > 0;
        if (isDoubtful && request.records.length > 1) return this.#deliverSingly(request);
        return this.#lose(isDoubtful ? `${judgement.code} repeated` : judgement.code, request, judgement.reason);
      }
      this.#stop.signal.throwIfAborted();
      this.counts.retries++;
      this.#tellFailure(judgement.reason);
      const wait = judgement.afterMs ?? backoffMs(repeat, this.config.queue, random());
      await sleep(wait, undefined, { signal: this.#stop.signal });
    }
  }

  /**
   * A server that has a part of a request already may refuse the whole of it, as Prometheus does for samples that are
   * older than what it has: then each scrape is sent alone, so that it gets those that it has not.
   */
  async #deliverSingly({ records }: PlannedRequest): Promise<void> {
    for (const record of records) await this.#deliver({ records: [record], samples: record.samples }, true);
  }

  #isTooOld({ records }: PlannedRequest): boolean {
    const { sampleAgeLimitMs } = this.config.queue;
    return sampleAgeLimitMs > 0 && records.every(({ at }) => this.deps.now() - at > sampleAgeLimitMs);
  }

  #delivered({ records, samples }: PlannedRequest, block: Uint8Array): void {
    this.counts.samplesSent += samples;
    this.counts.bytesSent += block.length;
    for (const { at } of records) this.counts.newestSent = Math.max(this.counts.newestSent, at);
    if (this.#failingSince === 0) return;
    const seconds = Math.round((this.deps.now() - this.#failingSince) / 1000);
    this.deps.log.info({ destination: this.config.name, seconds }, 'the destination takes data again');
    this.#failingSince = 0;
    this.#loggedAt = 0;
  }

  #lose(reason: string, { samples }: PlannedRequest, why: string): void {
    this.counts.lose(reason, samples);
    this.deps.log.warn({ destination: this.config.name, samples, reason: why }, 'samples were not delivered');
  }

  #tellFailure(reason: string): void {
    const now = this.deps.now();
    if (this.#failingSince === 0) this.#failingSince = now;
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    this.deps.log.warn(
      { destination: this.config.name, reason, spooledBytes: this.spool.pendingBytes },
      'the destination does not take data; it is kept and tried again',
    );
  }
}

const shapeOf = (config: RemoteWriteConfig, externalLabels: ReadonlyMap<string, string>): ShapeOptions => ({
  externalLabels,
  relabelling: relabellingOf(config),
  maxSamples: config.queue.maxSamplesPerSend,
  exemplars: config.exemplars,
  nativeHistograms: config.nativeHistograms,
  metadata: config.metadata,
});
