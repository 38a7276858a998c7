import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/** Another gateway that is alive holds the directory. */
export class GatewayRunning extends Error {
  readonly pid: number;

  constructor(dir: string, pid: number) {
    super(`A gateway already runs in ${dir} (pid ${pid}). Stop it first, or use another directory.`);
    this.name = 'GatewayRunning';
    this.pid = pid;
  }
}

export interface DirectoryLock {
  release(): void;
}

const FILE = 'gateway.lock';

/**
 * Takes the directory for this process: DIR/gateway.lock holds the JSON {pid, startTime}. A lock whose process is gone is
 * taken over. The lock is released by name only while it is still this process's own.
 * @throws GatewayRunning
 */
export function lockDirectory(dir: string): DirectoryLock {
  const path = join(dir, FILE);
  const own = JSON.stringify(identify(process.pid) ?? { pid: process.pid, startTime: '' });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, own, { mode: 0o600 });
  try {
    while (!link(temporary, path)) removeIfStale(dir, path);
  } finally {
    unlinkSync(temporary);
  }
  return { release: () => void (readOrEmpty(path) === own && unlinkSync(path)) };
}

/** A hard link appears with its content or not at all, so nobody ever reads an empty lock. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeIfStale(dir: string, path: string): void {
  const content = readOrEmpty(path);
  const holder = parse(content);
  if (holder && isAlive(holder)) throw new GatewayRunning(dir, holder.pid);
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  // Two successors may both have seen the stale lock; whoever moved the other's fresh lock away puts it back.
  if (readOrEmpty(aside) !== content) link(aside, path);
  unlinkSync(aside);
}

function parse(content: string): ProcessIdentity | null {
  try {
    const value = JSON.parse(content) as ProcessIdentity;
    return typeof value.pid === 'number' && typeof value.startTime === 'string' ? value : null;
  } catch {
    return null;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
