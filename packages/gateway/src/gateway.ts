import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Application, type ApplicationHost } from './application.ts';
import { type ControlServer, openControlServer } from './control-server.ts';
import { GatewayError } from './gateway-error.ts';
import { type Journal, openJournal } from './journal.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { killIfSame } from './process-identity.ts';
import type { AppConfig, AppStatus, GatewayStatus } from './protocol.ts';
import { readState, type SavedState, StateFile } from './state-file.ts';

export interface GatewayOptions {
  /** Everything the gateway keeps is in here: gateway.lock, control.sock, state.json, events/. Created if missing. */
  readonly dir: string;
  /** Unix milliseconds (default Date.now). */
  readonly now?: () => number;
}

const SAVE_COUNTS_MS = 5_000;

/** The data plane: applications behind their public ports, supervised and judged, with or without `serve`. */
export class Gateway {
  readonly socketPath: string;
  readonly journal: Journal;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #apps = new Map<string, Application>();
  readonly #state: StateFile;
  readonly #lock: DirectoryLock;
  #control: ControlServer | null = null;
  #saveTimer: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;
  #final: SavedState | null = null;
  #stopped!: () => void;
  /** Resolves when the gateway has stopped, whoever asked for it. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#stopped = resolve;
  });

  constructor(options: GatewayOptions, lock: DirectoryLock, journal: Journal) {
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.#lock = lock;
    this.journal = journal;
    this.socketPath = join(options.dir, 'control.sock');
    this.#state = new StateFile(options.dir, () => this.#collect());
  }

  async open(dir: string): Promise<void> {
    const state = await readState(dir);
    for (const child of state.children) killIfSame(child);
    for (const saved of state.apps) {
      const app = new Application(saved.config, this.#host());
      this.#apps.set(saved.config.service, app);
      app.restore(saved);
      await app.openOrRetry();
    }
    this.#control = await openControlServer(this, this.socketPath);
    this.#saveTimer = setInterval(() => this.#state.save(), SAVE_COUNTS_MS);
  }

  status(): GatewayStatus {
    const apps = [...this.#apps.values()].map((app) => app.status());
    return { pid: process.pid, startedAt: this.#startedAt, apps, eventsDropped: { ...this.journal.dropped } };
  }

  /** Creates the application or gives it a new configuration. @throws GatewayError 409 where the port is taken. */
  async configure(config: AppConfig): Promise<AppStatus> {
    const known = this.#apps.get(config.service);
    const app = known ?? new Application(config, this.#host());
    try {
      await (known ? app.configure(config) : app.open());
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new GatewayError(
        409,
        'port_unavailable',
        `${config.host}:${config.port} cannot be opened for ${config.service}: ${code ?? message}.`,
      );
    }
    this.#apps.set(config.service, app);
    await this.saveNow();
    return app.status();
  }

  /** @throws GatewayError 404 */
  app(service: string): Application {
    const app = this.#apps.get(service);
    if (!app)
      throw new GatewayError(
        404,
        'unknown_service',
        `There is no application "${service}" here. Known: ${[...this.#apps.keys()].join(', ') || 'none'}.`,
      );
    return app;
  }

  async remove(service: string): Promise<void> {
    const app = this.app(service);
    this.#apps.delete(service);
    await app.close();
    await this.saveNow();
  }

  /** What was decided is on the disk when this resolves. */
  async saveNow(): Promise<void> {
    this.#state.save();
    await this.#state.flush();
  }

  /** Drains, stops every version, gives the directory up. Idempotent; bounded by the longest drainMs plus some seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#saveTimer) clearInterval(this.#saveTimer);
    await this.saveNow();
    // Before the versions are stopped: the pointers and states that a successor needs are the ones of now.
    this.#final = { ...this.#collect(), children: [] };
    await Promise.all([...this.#apps.values()].map((app) => app.close()));
    this.#state.save();
    await this.#state.close();
    await this.journal.close();
    await this.#control?.close();
    this.#lock.release();
    this.#stopped();
  }

  #collect(): SavedState {
    const apps = [...this.#apps.values()];
    return (
      this.#final ?? {
        version: 1,
        apps: apps.map((app) => app.saved()),
        children: apps.flatMap((app) => app.children()),
      }
    );
  }

  #host(): ApplicationHost {
    return { now: this.#now, append: (event) => void this.journal.append(event), save: () => this.#state.save() };
  }
}

/**
 * Opens the directory and everything in it: ends what a predecessor left running, opens the public ports, starts the live and
 * the warm versions again (requests wait for them), and listens on DIR/control.sock.
 * @throws GatewayRunning where another gateway holds the directory.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(options.dir);
  try {
    const journal = await openJournal({ dir: join(options.dir, 'events') });
    const gateway = new Gateway(options, lock, journal);
    await gateway.open(options.dir);
    return gateway;
  } catch (error) {
    lock.release();
    throw error;
  }
}
