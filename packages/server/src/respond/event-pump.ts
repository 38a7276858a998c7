import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayClient, GatewayEvent } from '@nightshift/gateway';
import type { JournalRecord } from '../spool/journal.ts';
import type { EventRepository } from './repositories.ts';

export interface TelemetrySink {
  /** Resolves only when the record is durable. */
  admit(record: JournalRecord): Promise<void>;
}

export interface EventPumpOptions {
  readonly connection: () => Pick<GatewayClient, 'events' | 'ack'>;
  readonly events: EventRepository;
  readonly records: { records(events: readonly GatewayEvent[]): JournalRecord[] };
  readonly sink: TelemetrySink;
  /** Told of every new event in order of seq: once in the life of this process, again after a crash before delivery. */
  readonly consumers: readonly ((event: GatewayEvent) => void)[];
  readonly onError: (what: 'gateway' | 'consumer' | 'telemetry', error: unknown) => void;
  /** Milliseconds of a long poll (default 20,000) and of the longest pause after errors (default 5,000). */
  readonly waitMs?: number;
  readonly maxPauseMs?: number;
}

const BATCH = 500;

/**
 * Carries events from the gateway to whoever acts on them. An event's way is: stored in SQLite by seq, told to the consumers, its
 * telemetry admitted, marked delivered, acknowledged to the gateway. A crash anywhere repeats from the last stored mark, so
 * nothing is lost and consumers must take an event twice: the fold of a release and the opening of an incident do.
 * Telemetry that was admitted just before a crash is admitted again: samples are the same (series, time); log lines carry
 * `nightshift.seq`, by which readers drop repeats; spans have their own ids. Consumers never wait for telemetry, so an
 * incident opens while the disk is full.
 */
export class EventPump {
  readonly #options: EventPumpOptions;
  readonly #abort = new AbortController();
  #told = 0;
  #done: Promise<void> | undefined;

  constructor(options: EventPumpOptions) {
    this.#options = options;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Ends at once, or with the admission that is under way. Stopping again waits for the same end. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    let pauseMs = 0;
    while (!this.#abort.signal.aborted) {
      const failed = await this.#turn();
      if (failed === undefined) {
        pauseMs = 0;
        continue;
      }
      this.#options.onError(failed.what, failed.error);
      pauseMs = Math.min(this.#options.maxPauseMs ?? 5_000, Math.max(50, pauseMs * 2));
      await sleep(pauseMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    }
  }

  async #turn(): Promise<{ what: 'gateway' | 'telemetry'; error: unknown } | undefined> {
    const telemetry = await this.#deliver().catch((error: unknown) => ({ error }));
    if (this.#abort.signal.aborted) return undefined;
    try {
      await this.#fetch(telemetry ? 0 : (this.#options.waitMs ?? 20_000));
    } catch (error) {
      return this.#abort.signal.aborted ? undefined : { what: 'gateway', error };
    }
    return telemetry && { what: 'telemetry', error: telemetry.error };
  }

  async #fetch(waitMs: number): Promise<void> {
    const { connection, events } = this.#options;
    const batch = await connection().events(events.lastSeq(), waitMs, this.#abort.signal);
    if (batch.length > 0) {
      events.append(batch);
      this.#tell(batch);
    }
  }

  async #deliver(): Promise<undefined> {
    const { events, records, sink, connection } = this.#options;
    for (;;) {
      const batch = events.undelivered(BATCH);
      const last = batch.at(-1);
      if (!last) return;
      this.#tell(batch);
      for (const record of records.records(batch)) await sink.admit(record);
      events.markDelivered(last.seq);
      // An unacknowledged event is only kept longer by the gateway; the next acknowledgement covers it.
      await connection()
        .ack(last.seq)
        .catch((error: unknown) => this.#options.onError('gateway', error));
    }
  }

  #tell(batch: readonly GatewayEvent[]): void {
    for (const event of batch) {
      if (event.seq <= this.#told) continue;
      this.#told = event.seq;
      for (const consumer of this.#options.consumers) {
        try {
          consumer(event);
        } catch (error) {
          this.#options.onError('consumer', error);
        }
      }
    }
  }
}
