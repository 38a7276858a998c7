import { fingerprint } from '@nightshift/server/collect';
import type { AgentConfig } from './config/load.ts';
import type { RemoteWriteConfig } from './config/remote-write.ts';
import { leftoverSpools, spoolDir } from './directory.ts';
import { Destination } from './forward/destination.ts';
import type { Log } from './log.ts';
import { FamilyMemory } from './request/family-memory.ts';
import { surveyOf } from './request/survey.ts';

export interface DestinationsDeps {
  readonly dir: string;
  readonly now: () => number;
  readonly log: Log;
}

/** All destinations, each with a spool of its own. */
export class Destinations {
  readonly #all = new Map<string, Destination>();
  readonly #families = new FamilyMemory();

  constructor(private readonly deps: DestinationsDeps) {}

  list(): readonly Destination[] {
    return [...this.#all.values()];
  }

  /**
   * Resolves, with the number of samples, when every destination has it on disk; rejects, after all have tried, with the
   * first reason.
   */
  async take(request: Uint8Array, key: number, at: number): Promise<number> {
    const survey = surveyOf(request);
    this.#families.learn(survey.metadata);
    const takes = this.list().map((destination) => destination.take(request, survey, key, at));
    for (const result of await Promise.allSettled(takes)) if (result.status === 'rejected') throw result.reason;
    return survey.samples;
  }

  /** Goes on by another configuration; a destination of which nothing is new is not disturbed. */
  async configure(config: AgentConfig): Promise<void> {
    const wanted = new Map(config.remoteWrites.map((one) => [one.name, one]));
    for (const [name, destination] of this.#all) {
      if (wanted.has(name)) continue;
      this.#all.delete(name);
      await destination.close();
    }
    for (const one of wanted.values()) await this.#configureOne(one, config);
    for (const path of await leftoverSpools(this.deps.dir, [...wanted.keys()])) {
      this.deps.log.warn({ path }, 'a spool belongs to no destination; delete it if none of its name will come back');
    }
  }

  async #configureOne(one: RemoteWriteConfig, { externalLabels, settings }: AgentConfig): Promise<void> {
    const known = this.#all.get(one.name);
    if (known) {
      const before = fingerprint([known.config, known.externalLabels]);
      if (before !== fingerprint([one, externalLabels])) await known.reload(one, externalLabels);
      return;
    }
    const { dir, now, log } = this.deps;
    const destination = await Destination.open(one, {
      dir: spoolDir(dir, one.name),
      capBytes: settings.NIGHTSHIFT_AGENT_SPOOL_BYTES,
      externalLabels,
      families: this.#families,
      now,
      log,
      random: Math.random,
    });
    this.#all.set(one.name, destination);
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map((destination) => destination.close()));
    this.#all.clear();
  }
}
