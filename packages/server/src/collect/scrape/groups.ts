import type { DiscoveryConfig, ScrapeConfig } from './config/types.ts';
import { type DiscoveryDeps, startDiscovery } from './discoveries.ts';
import type { Discovery, TargetGroup } from './discovery.ts';
import { staticDiscovery } from './sd/static.ts';

interface Source {
  readonly discovery: Discovery;
  readonly groups: Map<string, TargetGroup>;
  /** Whether it has said anything yet, even that it cannot. */
  answered: boolean;
}

/** Changes that come one after the other are taken together. */
const gatherMs = 25;

/** How long a job whose discoveries were changed keeps its targets while the new ones look for the first time. */
const patienceMs = 5000;

/** The target groups of one job, from all its discoveries. */
export class Groups {
  readonly #sources = new Map<string, Source>();
  #timer: NodeJS.Timeout | undefined;
  #changedAt = 0;
  #closed = false;

  constructor(
    private readonly deps: DiscoveryDeps,
    /** Called when the groups are others than before. */
    private readonly changed: () => void,
    private readonly failed: (kind: string, reason: string) => void,
  ) {}

  all(): TargetGroup[] {
    return [...this.#sources.values()].flatMap(({ groups }) => [...groups.values()]);
  }

  /** Whether a discovery that was just started has not said anything yet, and is worth waiting for. */
  get isLooking(): boolean {
    if (Date.now() - this.#changedAt > patienceMs) return false;
    return [...this.#sources.values()].some(({ answered }) => !answered);
  }

  /** Starts and stops discoveries so that they are those of the configuration; one that stays is not disturbed. */
  configure({ staticGroups, discoveries }: ScrapeConfig): void {
    const wanted = new Map<string, () => Discovery>();
    const kinds = new Map<string, string>();
    const text = JSON.stringify(staticGroups.map(({ targets, labels }) => [targets.map((t) => [...t]), [...labels]]));
    if (staticGroups.length > 0) wanted.set(`static ${text}`, () => staticDiscovery(staticGroups));
    discoveries.forEach((config: DiscoveryConfig, i) => {
      // Two that say the same are two all the same.
      const same = discoveries.slice(0, i).filter((other) => JSON.stringify(other) === JSON.stringify(config)).length;
      const key = `${same} ${JSON.stringify(config)}`;
      kinds.set(key, config.kind);
      wanted.set(key, () => startDiscovery(config, this.deps));
    });
    for (const [key, { discovery }] of this.#sources) {
      if (wanted.has(key)) continue;
      this.#sources.delete(key);
      void discovery.close();
    }
    for (const [key, start] of wanted)
      if (!this.#sources.has(key)) this.#start(key, kinds.get(key) ?? 'static_configs', start);
    this.#changedAt = Date.now();
    if (this.isLooking) setTimeout(() => this.#soon(), patienceMs + gatherMs).unref();
  }

  #start(key: string, kind: string, start: () => Discovery): void {
    const source: Source = { discovery: start(), groups: new Map(), answered: false };
    this.#sources.set(key, source);
    source.discovery.start(
      (found) => {
        source.answered = true;
        for (const group of found) {
          if (group.targets.length === 0) source.groups.delete(group.source);
          else source.groups.set(group.source, group);
        }
        this.#soon();
      },
      (reason) => {
        if (!source.answered) this.#soon();
        source.answered = true;
        this.failed(kind, reason);
      },
    );
  }

  #soon(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.changed();
    }, gatherMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#sources.values()].map(({ discovery }) => discovery.close()));
  }
}
