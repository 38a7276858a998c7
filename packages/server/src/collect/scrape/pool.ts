import { compileRelabelling, type Relabelling } from '../relabel/relabel.ts';
import type { ScrapeConfig } from './config/types.ts';
import type { DiscoveryDeps } from './discoveries.ts';
import { Groups } from './groups.ts';
import { createHttpClient } from './http/client.ts';
import { type Take, TargetLoop } from './loop.ts';
import { populate } from './populate.ts';
import type { RetiredTargets } from './retired.ts';
import type { ScrapeSettings } from './scrape.ts';
import type { DroppedTarget, ScrapeTarget } from './target.ts';

export interface PoolDeps {
  readonly take: Take;
  readonly now: () => number;
  readonly retired: RetiredTargets;
  readonly discovery: DiscoveryDeps;
  /** See ScrapeSettings. */
  readonly packsSeries: boolean;
  /** Something that people should know and that stops nothing. */
  readonly warn: (message: string) => void;
}

/** JSON has no whole numbers of 64 bits and no maps. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value instanceof Map ? [...value] : value;

/** Equal for configurations that do the same. */
export const fingerprint = (config: unknown): string => JSON.stringify(config, plain);

const settingsOf = (config: ScrapeConfig, packsSeries: boolean): ScrapeSettings => ({
  config,
  packsSeries,
  client: createHttpClient(config.http),
  metricRelabelling: compileRelabelling(config.metricRelabel, config.nameValidation),
});

/** All targets of one job. */
export class ScrapePool {
  readonly #groups: Groups;
  #settings: ScrapeSettings;
  #relabelling: Relabelling;
  readonly #loops = new Map<string, TargetLoop>();
  #dropped: readonly DroppedTarget[] = [];
  #droppedCount = 0;
  #mistakes = new Set<string>();

  constructor(
    config: ScrapeConfig,
    private readonly deps: PoolDeps,
  ) {
    this.#settings = settingsOf(config, deps.packsSeries);
    this.#relabelling = compileRelabelling(config.relabel, config.nameValidation);
    this.#groups = new Groups(
      deps.discovery,
      () => this.#sync(),
      (kind, reason) => deps.warn(`job ${JSON.stringify(this.config.jobName)}: ${kind}: ${reason}`),
    );
    this.#groups.configure(config);
    this.#sync();
  }

  get config(): ScrapeConfig {
    return this.#settings.config;
  }

  get loops(): readonly TargetLoop[] {
    return [...this.#loops.values()];
  }

  get dropped(): readonly DroppedTarget[] {
    return this.#dropped;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Goes on by another configuration. What it says nothing new of is not disturbed: targets keep their times and series. */
  reload(config: ScrapeConfig): void {
    if (fingerprint(config) === fingerprint(this.config)) return;
    const { client } = this.#settings;
    const sameClient = fingerprint(config.http) === fingerprint(this.config.http);
    const settings = settingsOf(config, this.deps.packsSeries);
    if (sameClient) void settings.client.close();
    else setTimeout(() => void client.close(), this.config.timeoutMs).unref();
    this.#settings = sameClient ? { ...settings, client } : settings;
    this.#relabelling = compileRelabelling(config.relabel, config.nameValidation);
    this.#groups.configure(config);
    for (const loop of this.#loops.values()) loop.update(loop.state.target, this.#settings);
    this.#sync();
  }

  #sync(): void {
    if (this.#groups.isLooking && this.#loops.size > 0) return;
    const targets = this.#targets();
    const { jobName, limits } = this.config;
    for (const [key, loop] of this.#loops) {
      if (targets.has(key)) continue;
      this.#loops.delete(key);
      this.#retire(loop);
    }
    for (const [key, target] of targets) {
      const loop = this.#loops.get(key);
      if (loop) loop.rediscovered(target);
      else this.#loops.set(key, this.#start(target));
    }
    const isOver = limits.targets > 0 && targets.size > limits.targets;
    const refusal = `target_limit exceeded (number of targets: ${targets.size}, limit: ${limits.targets})`;
    if (isOver) this.deps.warn(`job ${JSON.stringify(jobName)}: ${refusal}`);
    for (const loop of this.#loops.values()) loop.refusal = isOver ? refusal : '';
  }

  #start(target: ScrapeTarget): TargetLoop {
    const { take, now, retired } = this.deps;
    return new TargetLoop(target, this.#settings, take, now, retired.takeBack(target.labels));
  }

  #retire(loop: TargetLoop): void {
    void loop.close();
    this.deps.retired.add(loop);
  }

  /** By their keys, so that what several groups have is scraped once. */
  #targets(): Map<string, ScrapeTarget> {
    const found = new Map<string, ScrapeTarget>();
    const dropped: DroppedTarget[] = [];
    const mistakes = new Set<string>();
    const keep = this.config.limits.keptDroppedTargets;
    let droppedCount = 0;
    for (const group of this.#groups.all()) {
      group.targets.forEach((labels, i) => {
        const result = populate(labels, group.labels, this.config, this.#relabelling);
        if ('target' in result) found.set(result.target.key, found.get(result.target.key) ?? result.target);
        else if ('mistake' in result) mistakes.add(`instance ${i} in group ${group.source}: ${result.mistake}`);
        else if (keep === 0 || droppedCount++ < keep) dropped.push(result.dropped);
        if ('dropped' in result && keep === 0) droppedCount++;
      });
    }
    for (const mistake of mistakes) {
      if (!this.#mistakes.has(mistake)) this.deps.warn(`job ${JSON.stringify(this.config.jobName)}: ${mistake}`);
    }
    this.#mistakes = mistakes;
    this.#dropped = dropped;
    this.#droppedCount = droppedCount;
    return found;
  }

  /** Ends the job: the series of its targets end as those of any target that goes. */
  async retire(): Promise<void> {
    const loops = [...this.#loops.values()];
    this.#loops.clear();
    // At once, so that the next job can take them over.
    for (const loop of loops) this.#retire(loop);
    await Promise.all([this.#groups.close(), ...loops.map((loop) => loop.close())]);
    await this.#settings.client.close();
  }

  /** Stops without an end of anything; resolves when the last scrape under way has ended or was given up. */
  async close(): Promise<void> {
    await this.#groups.close();
    await Promise.all([...this.#loops.values()].map((loop) => loop.close()));
    await this.#settings.client.close();
  }
}
