import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident, IncidentSummary, Release, ReleaseRequest, Status } from '@nightshift/server/api';
import type { Client } from '../client.ts';
import { untilStarted } from '../commands/release.ts';
import { EXIT, Exit } from '../exit.ts';
import { missingParts, rankOfDefect } from './completeness.ts';
import { stopProcess } from './process.ts';
import { type ServeProcess, startServe } from './serve-process.ts';
import { Traffic, type TrafficSummary } from './traffic.ts';

export interface ScenarioOptions {
  /** The built command, nightshift.js. */
  readonly entry: string;
  /** Holds v1/ and v2/ as `buildExample` makes them. */
  readonly examplesDir: string;
  readonly requestsPerSecond: number;
  readonly baselineMs: number;
  /** How long traffic goes on after the incident is mitigated. */
  readonly afterMs: number;
  /** How long to wait for a mitigated and complete incident. */
  readonly giveUpMs: number;
  readonly failover: boolean;
  /** Kills `serve` with SIGKILL once the bad release is live or the first request fails, and starts it again after this long; null: never. */
  readonly killServeForMs: number | null;
  /** Called with each step as it happens. */
  readonly note: (text: string) => void;
  /** Called when the result is there, before everything is stopped. */
  readonly onResult: (result: ScenarioResult) => Promise<void> | void;
  readonly signal: AbortSignal;
}

export interface ScenarioResult {
  readonly url: string;
  readonly applicationUrl: string;
  readonly serveStartedInMs: number;
  readonly traffic: TrafficSummary;
  /** null where none was opened in time. */
  readonly incident: Incident | null;
  readonly detectedMs: number | null;
  /** The later of what the incident says and what the users of the traffic saw; null while not restored. */
  readonly restoredMs: number | null;
  readonly suspectRank: number | null;
  /** What the incident lacks. */
  readonly missing: readonly string[];
  /** The written report.md, null without an incident. */
  readonly report: string | null;
  readonly servePid: number;
  /** With which `admin` can sign in. */
  readonly firstPassword: string | undefined;
}

const SERVICE = 'url-shortener';
const START_TIMEOUT_MS = 60_000;

/** What is running, for the end. `serve` is replaced when it is killed and started again. */
interface Stage {
  readonly workDir: string;
  readonly dataDir: string;
  serve: ServeProcess;
  readonly firstPassword: ServeProcess['firstPassword'];
  gatewayPid: number | null;
  readonly versionPids: Set<number>;
  applicationUrl: string;
}

/** Plays the whole incident with real processes and real traffic. Stops everything it started, whatever happens. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const workDir = mkdtempSync(join(tmpdir(), 'nightshift-demo-'));
  let stage: Stage | null = null;
  let traffic: Traffic | null = null;
  try {
    stage = await setStage(options, workDir);
    await releaseGood(options, stage);
    const users = trafficTo(stage.applicationUrl, options);
    traffic = users;
    users.start();
    options.note(`${options.requestsPerSecond} requests/s, one in ten a write, for ${options.baselineMs / 1000} s`);
    await pause(options.baselineMs, options);
    await releaseBad(options, stage, users.firstFailure);
    const incident = await untilComplete(stage, options);
    await pause(options.afterMs, options);
    await traffic.stop();
    const result = await conclude(stage, traffic.summary(), incident);
    await options.onResult(result);
    return result;
  } finally {
    await traffic?.stop();
    if (stage) await stopAll(stage, options.note);
    rmSync(workDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Rejects with the signal's own reason. */
async function pause(ms: number, { signal }: ScenarioOptions): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

async function setStage({ entry, examplesDir, note, signal }: ScenarioOptions, workDir: string): Promise<Stage> {
  for (const version of ['v1', 'v2']) cpSync(join(examplesDir, version), join(workDir, version), { recursive: true });
  const dataDir = join(workDir, 'data');
  mkdirSync(dataDir);
  const serve = await startServe(entry, dataDir, signal);
  note(`Nightshift is up after ${Math.round(serve.startedInMs)} ms: ${serve.url}`);
  const { firstPassword } = serve;
  return { workDir, dataDir, serve, firstPassword, gatewayPid: null, versionPids: new Set(), applicationUrl: '' };
}

function requestFor(version: 'v1' | 'v2', stage: Stage, failover: boolean): ReleaseRequest {
  return {
    service: SERVICE,
    version,
    dir: join(stage.workDir, version),
    command: [process.execPath, '--enable-source-maps', 'dist/main.js'],
    env: { LINKS_FILE: join(stage.workDir, 'links.json') },
    healthPath: '/healthz',
    port: 0,
    failover,
  };
}

async function releaseGood(options: ScenarioOptions, stage: Stage): Promise<void> {
  const { client } = stage.serve;
  const asked = await client.post<Release>('/api/v1/releases', requestFor('v1', stage, options.failover));
  const release = await untilStarted(client, asked, performance.now() + START_TIMEOUT_MS, options.signal);
  await learnProcesses(stage);
  if (!release.url) throw new Exit(EXIT.bad, `${SERVICE} v1 is ${release.state}: ${release.stateReason}`);
  stage.applicationUrl = release.url.replace(/\/+$/, '');
  options.note(`v1 is ${release.state}: ${release.url}`);
}

async function releaseBad(options: ScenarioOptions, stage: Stage, firstFailure: Promise<void>): Promise<void> {
  const { client } = stage.serve;
  const asked = await client.post<Release>('/api/v1/releases', requestFor('v2', stage, options.failover));
  options.note('v2 is released');
  const started = untilStarted(client, asked, performance.now() + START_TIMEOUT_MS, options.signal);
  // It is left behind where serve is killed first, and then fails.
  started.catch(() => undefined);
  await Promise.race([started, firstFailure]);
  await (options.killServeForMs === null
    ? learnProcesses(stage)
    : killAndRestart(options, stage, options.killServeForMs));
}

async function killAndRestart(options: ScenarioOptions, stage: Stage, awayMs: number): Promise<void> {
  process.kill(stage.serve.pid, 'SIGKILL');
  options.note(`kill -9 ${stage.serve.pid}: serve is dead, traffic goes on`);
  await pause(awayMs, options);
  stage.serve = await startServe(options.entry, stage.dataDir, options.signal);
  options.note(`serve is up again after ${Math.round(stage.serve.startedInMs)} ms: ${stage.serve.url}`);
  await learnProcesses(stage);
}

/** Remembers the ids of what serve started, so that it can be stopped even if serve is gone by then. */
async function learnProcesses(stage: Stage): Promise<void> {
  const { client } = stage.serve;
  const { gateway } = await client.get<Status>('/api/v1/status');
  stage.gatewayPid = gateway.pid ?? stage.gatewayPid;
  const { releases } = await client.get<{ releases: Release[] }>('/api/v1/releases', { service: SERVICE });
  for (const release of releases) if (release.gateway?.pid) stage.versionPids.add(release.gateway.pid);
}

function trafficTo(url: string, { requestsPerSecond }: ScenarioOptions): Traffic {
  return new Traffic({ url, requestsPerSecond, writeShare: 0.1, timeoutMs: 10_000 });
}

/** The incident once it is mitigated and complete; what there is of it, or null, when the time is over. */
async function untilComplete(stage: Stage, options: ScenarioOptions): Promise<Incident | null> {
  const deadline = performance.now() + options.giveUpMs;
  let incident: Incident | null = null;
  let isNoted = false;
  while (performance.now() < deadline) {
    incident = await latestIncident(stage.serve.client);
    if (incident?.mitigatedAt && !isNoted) {
      options.note(`mitigated: ${incident.title}`);
      isNoted = true;
    }
    if (incident && missingParts(incident).length === 0) break;
    await pause(100, options);
  }
  return incident;
}

async function latestIncident(client: Client): Promise<Incident | null> {
  const { incidents } = await client.get<{ incidents: IncidentSummary[] }>('/api/v1/incidents');
  const found = incidents.find(({ service }) => service === SERVICE);
  return found ? client.get<Incident>(`/api/v1/incidents/${encodeURIComponent(found.id)}`) : null;
}

async function conclude(stage: Stage, traffic: TrafficSummary, seen: Incident | null): Promise<ScenarioResult> {
  const { client, url, pid, startedInMs } = stage.serve;
  // Asked again: the counts go on until the last request is in.
  const incident = seen && (await latestIncident(client));
  return {
    url,
    applicationUrl: stage.applicationUrl,
    serveStartedInMs: startedInMs,
    traffic,
    incident,
    detectedMs: incident?.impact.detectedMs ?? null,
    restoredMs: restoredMs(incident, traffic),
    suspectRank: incident && rankOfDefect(incident.evidence.hunks),
    missing: incident ? missingParts(incident) : ['incident'],
    report: incident && (await writeReport(client, incident)),
    servePid: pid,
    firstPassword: stage.firstPassword(),
  };
}

/** The later of the incident's own figure and the span in which the traffic saw failures. */
export function restoredMs(
  incident: Incident | null,
  { firstFailureAt, lastFailureAt }: TrafficSummary,
): number | null {
  if (!incident?.mitigatedAt || incident.impact.restoredMs === null) return null;
  const seen = firstFailureAt !== null && lastFailureAt !== null ? lastFailureAt - firstFailureAt : 0;
  return Math.max(incident.impact.restoredMs, seen);
}

/** Both forms of the report, in a directory that outlives the demo. Returns the path of report.md. */
async function writeReport(client: Client, { id }: Incident): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'nightshift-demo-report-'));
  for (const format of ['md', 'html']) {
    const text = await client.text(`/api/v1/incidents/${encodeURIComponent(id)}/report`, { format });
    writeFileSync(join(dir, `report.${format}`), text);
  }
  return join(dir, 'report.md');
}

/** serve first, so that it does not start the gateway anew; then the gateway; then versions that it left behind. */
async function stopAll(stage: Stage, note: (text: string) => void): Promise<void> {
  await learnProcesses(stage).catch(() => undefined);
  await stopProcess(stage.serve.pid, 10_000);
  if (stage.gatewayPid !== null) await stopProcess(stage.gatewayPid, 15_000);
  for (const pid of stage.versionPids) await stopProcess(pid, 2000);
  note('everything that the demo started is stopped');
}
