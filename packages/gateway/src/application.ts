import type http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GuardSnapshot, Verdict } from '@nightshift/guard';
import { Counts } from './counts.ts';
import { GatewayError } from './gateway-error.ts';
import type { UnnumberedEvent } from './journal.ts';
import type { AppConfig, AppStatus, Exchange, ReleaseSpec } from './protocol.ts';
import { type KeptRequest, type Observed, type ReleaseWatch, resumeWatch, watchRelease } from './release-watch.ts';
import { createPublicServer } from './server.ts';
import type { SavedApp } from './state-file.ts';
import { type FinishedRequest, Traffic } from './traffic.ts';
import { Version, type VersionEvent, type VersionHooks } from './version.ts';

/** Failed exchanges are reported one by one up to this number per release, then one in every doubling. */
const REPORTED_SINGLY = 100;
/** Traces per second and application; beyond it they are left out. */
const TRACES_PER_SECOND = 50;
/** Ended releases that are remembered, so that starting one again by its id stays a no-op. */
const REMEMBERED = 50;
const TICK_MS = 1_000;
const REOPEN_MS = 1_000;
/** A public keep-alive connection that never ends must not hold up a stop for ever. */
const CLOSE_GRACE_MS = 1_000;

export interface ApplicationHost {
  readonly now: () => number;
  append(event: UnnumberedEvent): void;
  /** Pointers or children changed: put the state on the disk soon. */
  save(): void;
}

/**
 * One application: its public port, its versions, and which of them is live and which is the last good one.
 *
 *   release ─ healthy ─▶ live, watched ─ good ─▶ last good (the older one is stopped)
 *                             └──────── bad ──▶ the last good is live again; the bad one drains and stops
 */
export class Application {
  config: AppConfig;
  closing = false;
  readonly #host: ApplicationHost;
  readonly #versions = new Map<string, Version>();
  readonly #traffic: Traffic;
  #live: Version | null = null;
  #lastGood: Version | null = null;
  #watch: ReleaseWatch | null = null;
  #bad: Verdict | null = null;
  #lastVerdict: Verdict | null = null;
  #server: http.Server | null = null;
  #tick: NodeJS.Timeout | null = null;
  #reopen: NodeJS.Timeout | null = null;
  #tracesLeft = TRACES_PER_SECOND;
  #ordinal = 0;
  #restoredGuard: GuardSnapshot | null = null;
  readonly #retiring = new Set<Promise<void>>();

  constructor(config: AppConfig, host: ApplicationHost) {
    this.config = config;
    this.#host = host;
    this.#traffic = new Traffic(config.service);
  }

  now(): number {
    return this.#host.now();
  }

  /** Opens the public port; a port of 0 is replaced in the configuration by the one that was picked. */
  async open(): Promise<void> {
    const server = createPublicServer(this);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: this.config.host, port: this.config.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => {});
    this.#server = server;
    this.config = { ...this.config, port: (server.address() as AddressInfo).port };
    this.#tick ??= setInterval(() => this.#everySecond(), TICK_MS);
  }

  /** Opens the port of a restored application, and keeps trying while somebody else holds it. */
  async openOrRetry(): Promise<void> {
    this.#tick ??= setInterval(() => this.#everySecond(), TICK_MS);
    try {
      await this.open();
    } catch {
      if (!this.closing) this.#reopen = setTimeout(() => void this.openOrRetry(), REOPEN_MS);
    }
  }

  /** Takes a new configuration; the port is opened anew only if it changed. */
  async configure(config: AppConfig): Promise<void> {
    const before = this.config;
    const port = config.port === 0 && config.host === before.host ? before.port : config.port;
    const old = this.#server;
    this.config = { ...config, port };
    if (old && before.host === config.host && before.port === port) return;
    try {
      await this.open();
    } catch (error) {
      this.config = before;
      throw error;
    }
    old?.close();
    old?.closeIdleConnections();
  }

  /** Starts a version; an id that is known is left alone. */
  release(spec: ReleaseSpec): void {
    if (this.#versions.has(spec.id)) return;
    const version = new Version(spec, ++this.#ordinal, this.#hooks());
    this.#versions.set(spec.id, version);
    this.#forgetOldest();
    version.start();
    this.#host.save();
  }

  /** @throws GatewayError 409 where there is nothing to go back to. */
  rollback(reason: string): void {
    const to = this.#lastGood;
    if (!to || to === this.#live)
      throw new GatewayError(409, 'no_last_good', `${this.config.service} has no last good version to go back to.`);
    if (!to.ready)
      throw new GatewayError(
        409,
        'last_good_down',
        `The last good version ${to.spec.version} of ${this.config.service} is not running.`,
      );
    this.#rollBack(reason, 'person');
  }

  status(): AppStatus {
    return {
      service: this.config.service,
      url: `http://${publicHost(this.config.host)}:${this.config.port}`,
      live: this.#live?.id ?? null,
      lastGood: this.#lastGood?.id ?? null,
      versions: [...this.#versions.values()].map((version) => version.status()),
      verdict: this.#bad ?? this.#watch?.verdict() ?? this.#lastVerdict,
    };
  }

  // What a request asks.

  /** The version that should get a request now; waits for one to start where none runs. null where none came up in time. */
  async versionFor(idempotent: boolean): Promise<Version | null> {
    const live = this.#live;
    const good = this.#lastGood;
    if (this.#bad && !idempotent && this.config.failover && good?.ready) return good;
    if (live?.ready) return live;
    // A candidate that is down is asked all the same: its absence is a failure that the guard must see.
    if (live && good?.ready && good !== live) return live;
    const pending = live ?? [...this.#versions.values()].findLast((version) => version.state === 'starting') ?? null;
    if (!pending) return null;
    return (await pending.whenReady(this.config.requestTimeoutMs)) ? (this.#live ?? pending) : null;
  }

  /** The last good version, if it may answer in place of `failing`. */
  fallbackFor(failing: Version): Version | null {
    const good = this.#lastGood;
    return this.config.failover && good && good !== failing && good.ready ? good : null;
  }

  // What a request reports.

  observe(version: Version, observed: Observed, kept: (() => KeptRequest) | null): void {
    version.counts.add(observed.failed, observed.latencyMs);
    if (observed.failed) version.firstFailureAt ??= this.now();
    if (this.#watch?.candidate === version && this.#live === version) this.#judge(this.#watch.observe(observed, kept));
  }

  observeAbandoned(version: Version, latencyMs: number): void {
    if (this.#watch?.candidate !== version || this.#live !== version) return;
    const limit = this.#watch.verdict().inputs.slowThresholdMs;
    if (limit > 0 && latencyMs > limit) this.#judge(this.#watch.observe({ failed: false, latencyMs }, null));
  }

  count(request: FinishedRequest): void {
    const version = this.#versions.get(request.release);
    if (version) {
      version.requests++;
      if (request.failed) version.failures++;
    }
    this.#traffic.add(request);
  }

  /** Reports a failed exchange with its trace, thinned out when there are many. Called after `count`. */
  reportFailure(version: Version, exchange: Exchange, otlp: () => unknown): void {
    if (this.#watch?.candidate === version) this.#watch.noteFailure(exchange.id);
    const count = version.failures;
    const reported = count <= REPORTED_SINGLY || Number.isInteger(Math.log2(count / REPORTED_SINGLY));
    if (!reported) return;
    this.#emit(version, { kind: 'exchange.failed', exchange, count });
    this.emitTrace(version, otlp);
  }

  emitTrace(version: Version, otlp: () => unknown): void {
    if (this.#tracesLeft-- > 0) this.#emit(version, { kind: 'trace', otlp: otlp() });
  }

  // What the guard decides.

  #judge(verdict: Verdict): void {
    if (verdict.decision === 'good') this.#promote(verdict);
    else if (verdict.decision === 'bad' && !this.#bad) {
      this.#bad = verdict;
      void this.#decide(verdict).catch(() => {});
    }
  }

  async #decide(verdict: Verdict): Promise<void> {
    const watch = this.#watch;
    if (!watch) return;
    const { candidate, baseline } = watch;
    this.#emit(candidate, { kind: 'guard.verdict', verdict, baselineRelease: baseline.id });
    if (!this.config.rollback) {
      this.#emit(candidate, {
        kind: 'rollback.withheld',
        reason: `Rolling back is switched off for ${this.config.service}.`,
      });
      return;
    }
    const refusal = await this.#reasonNotToRollBack(watch, verdict);
    if (this.#watch !== watch || this.#live !== candidate) return;
    if (refusal === null) this.#rollBack(verdict.reason, 'guard');
    else this.#withhold(watch, refusal);
  }

  /** null where the last good version runs and does better, or where nothing could be asked of it. */
  async #reasonNotToRollBack(watch: ReleaseWatch, verdict: Verdict): Promise<string | null> {
    const { candidate, baseline } = watch;
    if (!baseline.ready) return `The last good version ${baseline.spec.version} is not running.`;
    // That a process exits over and over is its own doing while the last good one stays up beside it.
    if (verdict.test === 'crash-loop') return null;
    const replay = await watch.replay(verdict, this.config.requestTimeoutMs);
    this.#emit(candidate, { kind: 'guard.replay', ...replay });
    return replay.conclusion === 'release-is-not-the-cause' ? replay.reason : null;
  }

  #withhold(watch: ReleaseWatch, reason: string): void {
    this.#emit(watch.candidate, { kind: 'rollback.withheld', reason });
    watch.restart();
    this.#bad = null;
  }

  #rollBack(reason: string, by: 'guard' | 'person'): void {
    const bad = this.#live!;
    const good = this.#lastGood!;
    this.#lastVerdict = this.#bad ?? this.#watch?.verdict() ?? null;
    this.#live = good;
    good.state = 'live';
    this.#endWatch();
    const sinceFirstFailureMs = bad.firstFailureAt === null ? null : this.now() - bad.firstFailureAt;
    this.#emit(bad, { kind: 'rollback.done', to: good.id, reason, by, sinceFirstFailureMs });
    this.#retire(bad);
    this.#host.save();
  }

  #promote(verdict: Verdict): void {
    const older = this.#lastGood;
    const promoted = this.#live!;
    this.#lastGood = promoted;
    this.#lastVerdict = verdict;
    this.#endWatch();
    this.#emit(promoted, { kind: 'release.promoted', verdict });
    if (older && older !== promoted) this.#retire(older);
    this.#host.save();
  }

  #endWatch(): void {
    this.#watch = null;
    this.#bad = null;
  }

  /** Drains in the background; users have been on another version since the pointer moved. */
  #retire(version: Version): void {
    const started = Date.now();
    version.state = 'draining';
    const done = (async () => {
      const connectionsCut = await version.drain(this.config.drainMs);
      await version.stop();
      this.#emit(version, { kind: 'drained', connectionsCut, tookMs: Date.now() - started });
      this.#host.save();
    })();
    this.#retiring.add(done);
    void done.finally(() => this.#retiring.delete(done));
  }

  // What the versions tell.

  #hooks(): VersionHooks {
    return {
      now: () => this.now(),
      emit: (version, event) => this.#emit(version, event),
      childrenChanged: () => this.#host.save(),
      ready: (version, startedInMs) => this.#ready(version, startedInMs),
      crashed: (version) => this.#crashed(version),
      failed: () => this.#host.save(),
    };
  }

  #ready(version: Version, startedInMs: number): void {
    if (version.state !== 'healthy') {
      this.#resumeGuard();
      return;
    }
    const live = this.#live;
    if (live && live.ordinal > version.ordinal) {
      version.reason = `Release ${live.spec.version}, which is newer, was live first.`;
      this.#emit(version, { kind: 'release.failed', reason: version.reason });
      this.#retire(version);
      return;
    }
    this.#goLive(version, startedInMs);
  }

  #goLive(version: Version, startedInMs: number): void {
    const previous = this.#live;
    this.#live = version;
    version.state = 'live';
    this.#endWatch();
    this.#lastVerdict = null;
    if (this.#lastGood) {
      this.#lastGood.state = 'warm';
      this.#watch = watchRelease(version, this.#lastGood, this.config.guard, () => this.now());
    } else {
      this.#lastGood = version;
    }
    this.#emit(version, { kind: 'release.live', previous: previous?.id ?? null, startedInMs });
    if (previous && previous !== this.#lastGood) this.#retire(previous);
    this.#host.save();
  }

  #crashed(version: Version): void {
    version.firstFailureAt ??= this.now();
    if (this.#watch?.candidate === version && this.#live === version) this.#judge(this.#watch.crashed());
  }

  #everySecond(): void {
    this.#tracesLeft = TRACES_PER_SECOND;
    for (const event of this.#traffic.take(this.now())) this.#host.append(event);
    if (this.#watch && !this.#bad) this.#judge(this.#watch.verdict());
  }

  #emit(version: Version, event: VersionEvent): void {
    this.#host.append({
      at: this.now(),
      service: this.config.service,
      release: version.id,
      ...event,
    } as UnnumberedEvent);
  }

  // What outlives the process.

  saved(): SavedApp {
    return {
      config: this.config,
      live: this.#live?.id ?? null,
      lastGood: this.#lastGood?.id ?? null,
      guard: this.#watch?.snapshot ?? this.#restoredGuard,
      releases: [...this.#versions.values()].map((version) => ({
        spec: version.spec,
        ordinal: version.ordinal,
        state: version.state,
        counts: version.counts.toBaseline(),
        requests: version.requests,
        failures: version.failures,
        restarts: version.restarts,
        firstFailureAt: version.firstFailureAt,
      })),
    };
  }

  children() {
    return [...this.#versions.values()].flatMap((version) => (version.identity ? [version.identity] : []));
  }

  /** Starts the versions of a predecessor again: live and warm ones as such, starting ones as new releases. */
  restore(saved: SavedApp): void {
    for (const release of saved.releases) {
      const version = new Version(release.spec, release.ordinal, this.#hooks());
      version.counts = Counts.of(release.counts);
      const { requests, failures, restarts, firstFailureAt } = release;
      Object.assign(version, { requests, failures, restarts, firstFailureAt });
      const pointed = version.id === saved.live || version.id === saved.lastGood;
      if (pointed) version.state = version.id === saved.live ? 'live' : 'warm';
      else if (release.state !== 'starting' && release.state !== 'healthy')
        version.state = release.state === 'failed' ? 'failed' : 'stopped';
      this.#versions.set(version.id, version);
      this.#ordinal = Math.max(this.#ordinal, version.ordinal);
    }
    this.#live = this.#versions.get(saved.live ?? '') ?? null;
    this.#lastGood = this.#versions.get(saved.lastGood ?? '') ?? null;
    this.#restoredGuard = saved.guard;
    for (const version of this.#versions.values()) if (!version.ended) version.start();
  }

  /** The guard goes on where it was only when both versions run: until then failures are the restart's doing. */
  #resumeGuard(): void {
    const snapshot = this.#restoredGuard;
    if (!snapshot || !this.#live?.ready || !this.#lastGood?.ready) return;
    this.#restoredGuard = null;
    if (this.#live === this.#lastGood || this.#watch) return;
    this.#watch = resumeWatch(this.#live, this.#lastGood, snapshot, () => this.now());
    this.#judge(this.#watch.verdict());
  }

  #forgetOldest(): void {
    const ended = [...this.#versions.values()].filter((version) => version.ended);
    for (const version of ended.slice(0, Math.max(0, ended.length - REMEMBERED))) this.#versions.delete(version.id);
  }

  /** Stops taking connections, lets what is in flight finish (drainMs), stops the versions. Idempotent. */
  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    if (this.#reopen) clearTimeout(this.#reopen);
    const closed = new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    this.#server?.closeIdleConnections();
    await Promise.all([...this.#versions.values()].map((version) => version.drain(this.config.drainMs)));
    setTimeout(() => this.#server?.closeAllConnections(), CLOSE_GRACE_MS).unref();
    await closed;
    await Promise.all([...this.#versions.values()].map((version) => version.ended || version.stop()));
    await Promise.all(this.#retiring);
    if (this.#tick) clearInterval(this.#tick);
    for (const event of this.#traffic.take(this.now())) this.#host.append(event);
  }
}

function publicHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
