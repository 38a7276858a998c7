import { type ChildProcess, spawn } from 'node:child_process';
import http from 'node:http';
import type { Upstream } from './attempt.ts';
import { Counts } from './counts.ts';
import { freePort } from './free-port.ts';
import type { UnnumberedEvent } from './journal.ts';
import { OutputLines } from './output-lines.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import type { ReleaseSpec, VersionState, VersionStatus } from './protocol.ts';

/** Versions listen on loopback only; users reach them through the gateway. */
const UPSTREAM_HOST = '127.0.0.1';
const HEALTH_POLL_MS = 50;
const KILL_AFTER_MS = 5_000;
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 10_000;
/** A version that has run this long starts again without delay when it exits. */
const STEADY_MS = 60_000;
/** A connection that was idle for longer is not used again: common servers close theirs after 5 s. */
const IDLE_CONNECTION_MS = 4_000;
const PORT_TAKEN_RETRIES = 2;

type WithoutOrigin<E> = E extends unknown ? Omit<E, 'at' | 'service' | 'release'> : never;
export type VersionEvent = WithoutOrigin<UnnumberedEvent>;

export interface VersionHooks {
  readonly now: () => number;
  emit(version: Version, event: VersionEvent): void;
  /** A process was spawned or is gone; its identity should be put on the disk. */
  childrenChanged(): void;
  /** It answered its health check; `startedInMs` since it was asked to start. */
  ready(version: Version, startedInMs: number): void;
  /** It exited although it was wanted. */
  crashed(version: Version): void;
  /** It never became healthy and will not be tried again. */
  failed(version: Version): void;
}

/** Something in flight on a version that a drain waits for, and cuts when it waited long enough. */
export interface InFlight {
  cut(): void;
}

/**
 * One version of an application as a supervised process: spawned without a shell in a process group of its own, polled until
 * it is healthy, started again when it exits while it is wanted, and stopped with its whole group.
 */
export class Version {
  readonly spec: ReleaseSpec;
  /** Position among the releases of the application; a later one wins. */
  readonly ordinal: number;
  state: VersionState = 'starting';
  counts = new Counts();
  requests = 0;
  failures = 0;
  restarts = 0;
  firstFailureAt: number | null = null;
  /** Unix ms of its exits within the last minute. */
  exits: number[] = [];
  readonly inFlight = new Set<InFlight>();
  identity: ProcessIdentity | null = null;
  reason = '';

  readonly #hooks: VersionHooks;
  #child: ChildProcess | null = null;
  #upstream: Upstream | null = null;
  #ready = false;
  #stopping = false;
  #restartTimer: NodeJS.Timeout | null = null;
  #spawnedAt = 0;
  #quickExits = 0;
  #portTaken = 0;
  #askedAt = 0;
  #emptied: (() => void)[] = [];
  readonly #readyWaiters = new Set<() => void>();
  /** The process is gone, its last lines and its exit are not reported yet. */
  #leaving = false;
  #goneWaiters: (() => void)[] = [];

  constructor(spec: ReleaseSpec, ordinal: number, hooks: VersionHooks) {
    this.spec = spec;
    this.ordinal = ordinal;
    this.#hooks = hooks;
  }

  get id(): string {
    return this.spec.id;
  }

  /** Where to reach it, null while it does not run or has not answered its health check. */
  get upstream(): Upstream | null {
    return this.#ready ? this.#upstream : null;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** It has users or is kept for them: it is started again when it exits. */
  get wanted(): boolean {
    return !this.#stopping && (this.state === 'live' || this.state === 'warm');
  }

  get ended(): boolean {
    return this.state === 'stopped' || this.state === 'failed';
  }

  status(): VersionStatus {
    const { id, spec, state, requests, failures, restarts } = this;
    const running = this.#child !== null;
    return {
      release: id,
      version: spec.version,
      state,
      pid: running ? (this.#child?.pid ?? null) : null,
      port: running ? (this.#upstream?.port ?? null) : null,
      requests,
      failures,
      restarts,
    };
  }

  start(): void {
    this.#askedAt = this.#hooks.now();
    void this.#launch();
  }

  /** Resolves with whether it is ready, at once or within `timeoutMs`. */
  whenReady(timeoutMs: number): Promise<boolean> {
    if (this.#ready || this.#stopping || this.ended) return Promise.resolve(this.#ready);
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), timeoutMs);
      const done = () => {
        clearTimeout(timer);
        this.#readyWaiters.delete(done);
        resolve(this.#ready);
      };
      this.#readyWaiters.add(done);
    });
  }

  begin(inFlight: InFlight): void {
    this.inFlight.add(inFlight);
  }

  end(inFlight: InFlight): void {
    this.inFlight.delete(inFlight);
    if (this.inFlight.size > 0) return;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** Waits up to `drainMs` for what is in flight, then cuts it. @returns how many were cut. */
  async drain(drainMs: number): Promise<number> {
    if (this.inFlight.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs);
      });
      await Promise.race([new Promise<void>((resolve) => this.#emptied.push(resolve)), late]);
      clearTimeout(timer);
    }
    const left = [...this.inFlight];
    for (const inFlight of left) inFlight.cut();
    return left.length;
  }

  /** SIGTERM to the whole group, SIGKILL after 5 s. Idempotent; resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#ready = false;
    if (this.#restartTimer) clearTimeout(this.#restartTimer);
    this.#wakeWaiters();
    const child = this.#child;
    if (child?.pid !== undefined) {
      signalGroup(child.pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), KILL_AFTER_MS);
      await this.#whenGone();
      clearTimeout(timer);
    } else if (this.#leaving) await this.#whenGone();
    if (this.state !== 'failed') this.state = 'stopped';
    this.#upstream?.agent.destroy();
  }

  #whenGone(): Promise<void> {
    return new Promise((resolve) => this.#goneWaiters.push(resolve));
  }

  async #launch(): Promise<void> {
    const port = await freePort(UPSTREAM_HOST);
    if (this.#stopping) return;
    const [command, ...args] = this.spec.command;
    const env = { ...process.env, ...this.spec.env, PORT: String(port), HOST: UPSTREAM_HOST };
    const child = spawn(command!, args, { cwd: this.spec.dir, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#spawnedAt = this.#hooks.now();
    this.#upstream?.agent.destroy();
    const agent = new http.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS, scheduling: 'lifo' });
    this.#upstream = { host: UPSTREAM_HOST, port, agent };
    const output = new OutputLines(this.#hooks.now, (lines) => this.#hooks.emit(this, { kind: 'log', lines }));
    output.read(child.stdout!, 1);
    output.read(child.stderr!, 2);
    child.once('error', (error) => child.pid === undefined && this.#exited(child, output, null, null, error.message));
    child.once('exit', (code, signal) => this.#exited(child, output, code, signal, ''));
    if (child.pid === undefined) return;
    this.identity = identify(child.pid);
    this.#hooks.childrenChanged();
    this.#hooks.emit(this, { kind: 'release.starting', pid: child.pid, port });
    await this.#untilHealthy(child, output, port);
  }

  async #untilHealthy(child: ChildProcess, output: OutputLines, port: number): Promise<void> {
    const deadline = Date.now() + this.spec.startTimeoutMs;
    let last = 'no answer';
    while (this.#child === child && !this.#stopping) {
      const left = deadline - Date.now();
      const answer = await probe(port, this.spec.healthPath, Math.max(1, Math.min(2_000, left)));
      if (this.#child !== child || this.#stopping) return;
      if (answer === '') return this.#becomeReady();
      // A poll that the deadline cut short says less than the one before it.
      if (left > HEALTH_POLL_MS) last = answer;
      if (Date.now() >= deadline) break;
      await new Promise((resolve) => setTimeout(resolve, HEALTH_POLL_MS));
    }
    if (this.#child !== child || this.#stopping) return;
    const reason = `No 2xx from ${this.spec.healthPath} on PORT=${port} within ${this.spec.startTimeoutMs} ms (last: ${last}).`;
    if (!this.wanted) this.#fail(reason, output);
    signalGroup(child.pid!, 'SIGKILL');
  }

  #becomeReady(): void {
    this.#ready = true;
    if (this.state === 'starting') this.state = 'healthy';
    this.#hooks.ready(this, this.#hooks.now() - this.#askedAt);
    this.#wakeWaiters();
  }

  #wakeWaiters(): void {
    for (const done of [...this.#readyWaiters]) done();
  }

  #exited(child: ChildProcess, output: OutputLines, code: number | null, signal: string | null, error: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#ready = false;
    this.identity = null;
    // Children of the leader would go on holding the port.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    this.#leaving = true;
    // The last lines are still in the pipe when the process is gone.
    setTimeout(() => this.#afterExit(output, code, signal, error), 20);
  }

  #afterExit(output: OutputLines, code: number | null, signal: string | null, error: string): void {
    output.flush();
    this.#leaving = false;
    this.#hooks.childrenChanged();
    for (const resolve of this.#goneWaiters.splice(0)) resolve();
    const restart = !this.#stopping && (this.wanted || this.#shouldTryAnotherPort(output));
    const restartInMs = restart ? this.#nextDelay() : null;
    this.#hooks.emit(this, { kind: 'version.exited', code, signal, restartInMs });
    if (restartInMs === null) {
      if (!this.#stopping && (this.state === 'starting' || this.state === 'healthy'))
        this.#fail(error || `It exited with ${signal ?? `code ${code}`} before it was healthy.`, output);
      return;
    }
    this.#restartTimer = setTimeout(() => void this.#launch(), restartInMs);
    if (!this.wanted) return;
    const now = this.#hooks.now();
    this.exits = [...this.exits.filter((at) => at > now - STEADY_MS), now];
    this.restarts++;
    this.#hooks.crashed(this);
  }

  /** Between choosing a free port and the version binding it, somebody else may have taken it. */
  #shouldTryAnotherPort(output: OutputLines): boolean {
    const taken = this.state === 'starting' && output.lastErrors.some((line) => line.includes('EADDRINUSE'));
    return taken && this.#portTaken++ < PORT_TAKEN_RETRIES;
  }

  #nextDelay(): number {
    if (this.#hooks.now() - this.#spawnedAt > STEADY_MS) this.#quickExits = 0;
    return Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#quickExits++);
  }

  #fail(reason: string, output: OutputLines): void {
    const lastWords = output.lastErrors.slice(-3).join(' | ');
    this.state = 'failed';
    this.reason = lastWords ? `${reason} It wrote: ${lastWords}` : reason;
    this.#hooks.emit(this, { kind: 'release.failed', reason: this.reason });
    this.#hooks.failed(this);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

/** @returns '' for a 2xx, else what came instead. */
function probe(port: number, path: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const request = http.get({ host: UPSTREAM_HOST, port, path, agent: false, timeout: timeoutMs }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      resolve(status >= 200 && status < 300 ? '' : `status ${status}`);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
