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
import { type ProtobufMessage, type RemoteWriteConfig, relabellingOf } from '../config/remote-write.ts';
import type { Log } from '../log.ts';
import type { FamilyMemory } from '../request/family-memory.ts';
import { decodeRecord, encodeRecord, type SpoolRecord } from '../request/record.ts';
import { Shape, type ShapeOptions } from '../request/shape.ts';
import type { Survey } from '../request/survey.ts';
import type { SentCounts } from '../request/write-v2.ts';
import { DestinationCounts } from './counts.ts';
import { backoffMs, type Judgement, judge } from './judgement.ts';
import { type PlannedRequest, planRequests } from './plan.ts';
import { type EncodedRequest, type Protocol, protocols } from './protocol.ts';
import { createSender, type Sender } from './sender.ts';

export interface DestinationDeps {
  readonly dir: string;
  readonly capBytes: number;
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly families: FamilyMemory;
  readonly now: () => number;
  readonly log: Log;
  readonly random: () => number;
}

/** What of the spool is worked on at a time, compressed. */
const batchBytes = 1024 * 1024;

/** A lasting failure is logged once in this time. */
const logEveryMs = 60_000;

/** Longest wait, unless a longer one is set, before a destination that denies access is asked again. */
const deniedBackoffMs = 30_000;

type Failed = Extract<Judgement, { kind: 'again' }>;
type Refused = Extract<Judgement, { kind: 'refused' }>;

/** Why a destination takes nothing. */
export interface Failure {
  /** Unix milliseconds. */
  readonly since: number;
  readonly reason: string;
  /** Whether it will not be better by itself: the address or the credentials are not right. */
  readonly isDenied: boolean;
}

export class Destination {
  readonly counts = new DestinationCounts();
  #sender: Sender;
  #shape: Shape;
  #externalLabels: ReadonlyMap<string, string>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failure: Failure | undefined;
  #loggedAt = 0;
  /** Denials that were logged, by status. */
  readonly #loggedDenials = new Set<string>();
  #protocol: Protocol;
  /** Whether a request of remote write 2.0 was answered as such. */
  #understandsV2 = false;
  /** Whether the log says by now that histograms are left out. */
  #toldLeftOut = false;

  private constructor(
    public config: RemoteWriteConfig,
    readonly spool: Spool,
    private readonly deps: DestinationDeps,
  ) {
    this.#sender = createSender(config);
    this.#protocol = protocols[config.protobufMessage];
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
  async take(request: Uint8Array, survey: Survey, key: number, at: number): Promise<void> {
    const parts = this.#shape.apply(request, survey);
    try {
      await Promise.all(
        parts.map(({ bytes, ...part }) =>
          this.spool.append(encodeRecord({ ...part, key, at, block: encodeSnappy(bytes) })),
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
    this.#protocol = protocols[config.protobufMessage];
    this.#understandsV2 = false;
    this.#toldLeftOut = false;
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

  /** Undefined while it takes what is sent. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** What is sent now, which may be less than the configuration asks for. */
  get message(): ProtobufMessage {
    return this.#protocol.message;
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
    const { now, families } = this.deps;
    const { signal } = this.#stop;
    let protocol: Protocol | undefined;
    let encoded: EncodedRequest | undefined;
    /** What 2.0 was refused with by a server that may have understood nothing of it. */
    let doubt: string | undefined;
    for (let repeat = 0; ; repeat++) {
      signal.throwIfAborted();
      if (this.#isTooOld(request)) return this.#lose('too old', request.samples, 'older than sample_age_limit');
      const wanted = doubt === undefined ? this.#protocol : protocols['prometheus.WriteRequest'];
      if (!encoded || protocol !== wanted) encoded = wanted.encode(request, families);
      protocol = wanted;
      if (isEmpty(request, encoded)) return this.#leaveOut(encoded);
      this.counts.requests++;
      const answer = await this.#sender.send(encoded.block, protocol, repeat, signal);
      const judgement = judge(answer, now(), encoded.counts);
      const written = 'status' in answer ? answer.written : undefined;
      if (written && encoded.counts) this.#understandsV2 = true;
      if (judgement.kind === 'unsupported') {
        this.#fallBack(judgement.reason);
        continue;
      }
      if (judgement.kind === 'delivered') {
        if (doubt !== undefined) this.#fallBack(doubt);
        return this.#delivered(request, encoded, encoded.counts && written);
      }
      if (judgement.kind === 'refused') {
        if (encoded.counts && judgement.code === '400' && !this.#understandsV2) {
          doubt = judgement.reason;
          continue;
        }
        const isDoubtful = mayHaveArrived || (repeat > 0 && doubt === undefined);
        return this.#refused(request, encoded, judgement, written, isDoubtful);
      }
      signal.throwIfAborted();
      this.counts.retry(judgement.code);
      this.#tellFailure(judgement);
      await sleep(this.#waitMs(judgement, repeat), undefined, { signal });
    }
  }

  #waitMs({ afterMs, isDenied }: Failed, repeat: number): number {
    if (afterMs !== undefined) return afterMs;
    const { minBackoffMs, maxBackoffMs } = this.config.queue;
    const longest = isDenied ? Math.max(maxBackoffMs, deniedBackoffMs) : maxBackoffMs;
    return backoffMs(repeat, { minBackoffMs, maxBackoffMs: longest }, this.deps.random());
  }

  /** From now on remote write 1.0 is sent, until the configuration is read anew. */
  #fallBack(reason: string): void {
    const before = this.#protocol;
    this.#protocol = protocols['prometheus.WriteRequest'];
    if (before === this.#protocol) return;
    this.deps.log.warn(
      { destination: this.config.name, reason },
      'the destination does not understand remote write 2.0; it is sent 1.0 from now on',
    );
  }

  /**
   * What the server says that it took of a refused request has arrived; the rest is lost. Where it took nothing because of
   * single samples, as Prometheus does with all of a request of 1.0, or may have refused it because a part had arrived
   * before, each scrape is sent alone, so that it gets those that it will take.
   */
  async #refused(
    request: PlannedRequest,
    encoded: EncodedRequest,
    { code, reason, named }: Refused,
    written: SentCounts | undefined,
    isDoubtful: boolean,
  ): Promise<void> {
    const { records } = request;
    const samples = request.samples - encoded.leftOut;
    const arrived = arrivedOf(samples, written, 0);
    if (arrived === 0 && records.length > 1 && (isDoubtful || named.length > 0)) {
      for (const record of records) await this.#deliver({ records: [record], samples: record.samples }, isDoubtful);
      return;
    }
    if (arrived > 0) this.#taken(request, encoded, arrived);
    const label = [code, named.join(', '), isDoubtful ? 'repeated' : ''].filter((part) => part !== '').join(' ');
    this.#lose(label, samples - arrived, reason);
    this.#leaveOut(encoded);
  }

  #isTooOld({ records }: PlannedRequest): boolean {
    const { sampleAgeLimitMs } = this.config.queue;
    return sampleAgeLimitMs > 0 && records.every(({ at }) => this.deps.now() - at > sampleAgeLimitMs);
  }

  #delivered(request: PlannedRequest, encoded: EncodedRequest, written: SentCounts | undefined): void {
    const samples = request.samples - encoded.leftOut;
    const arrived = arrivedOf(samples, written, samples);
    this.#taken(request, encoded, arrived);
    this.#leaveOut(encoded);
    if (arrived < samples) this.#lose('not written', samples - arrived, 'success, with fewer of them written');
  }

  #taken({ records }: PlannedRequest, { block }: EncodedRequest, samples: number): void {
    this.counts.samplesSent += samples;
    this.counts.bytesSent += block.length;
    for (const { at } of records) this.counts.newestSent = Math.max(this.counts.newestSent, at);
    const failure = this.#failure;
    if (!failure) return;
    const seconds = Math.round((this.deps.now() - failure.since) / 1000);
    this.deps.log.info({ destination: this.config.name, seconds }, 'the destination takes data again');
    this.#failure = undefined;
    this.#loggedAt = 0;
    this.#loggedDenials.clear();
  }

  #lose(reason: string, samples: number, why: string): void {
    this.counts.lose(reason, samples);
    this.deps.log.warn({ destination: this.config.name, samples, reason: why }, 'samples were not delivered');
  }

  /** Counts what remote write 1.0 has no place for. */
  #leaveOut({ leftOut }: EncodedRequest): void {
    if (leftOut === 0) return;
    this.counts.lose('custom buckets in 1.0', leftOut);
    if (this.#toldLeftOut) return;
    this.#toldLeftOut = true;
    this.deps.log.warn(
      { destination: this.config.name },
      'remote write 1.0 has no histograms with custom buckets: they are not sent; protobuf_message: io.prometheus.write.v2.Request sends them',
    );
  }

  #tellFailure({ reason, code, isDenied }: Failed): void {
    const { now, log } = this.deps;
    this.#failure = { since: this.#failure?.since ?? now(), reason, isDenied };
    const about = { destination: this.config.name, reason, spooledBytes: this.spool.pendingBytes };
    if (isDenied) {
      if (this.#loggedDenials.has(code)) return;
      this.#loggedDenials.add(code);
      log.error(
        about,
        'the destination denies access: look at its url and credentials; all is kept, as long as the spool has room, and tried again',
      );
      return;
    }
    if (now() - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now();
    log.warn(about, 'the destination does not take data; it is kept and tried again');
  }
}

/** How many of so many samples the server says that it wrote; `unsaid` where it does not say. */
const arrivedOf = (samples: number, written: SentCounts | undefined, unsaid: number): number =>
  written ? Math.min(samples, written.samples + written.histograms) : unsaid;

/** Of 2.0, where metadata alone is nothing that could be sent, and of 1.0, where nothing is left that it has a place for. */
const isEmpty = ({ samples }: PlannedRequest, { counts, leftOut }: EncodedRequest): boolean =>
  counts ? counts.samples === 0 && counts.histograms === 0 : leftOut > 0 && leftOut === samples;

const shapeOf = (config: RemoteWriteConfig, externalLabels: ReadonlyMap<string, string>): ShapeOptions => ({
  externalLabels,
  relabelling: relabellingOf(config),
  maxSamples: config.queue.maxSamplesPerSend,
  exemplars: config.exemplars,
  nativeHistograms: config.nativeHistograms,
  metadata: config.metadata,
});
