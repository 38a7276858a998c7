/** Stops what a process has started, and what that has started, by process id (proc_pid_stat(5)). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

function parentsById() {
  const parents = new Map();
  // Elsewhere than on Linux there is nothing to read, and Ctrl-C reaches those of the same terminal all the same.
  for (const name of existsSync('/proc/self/stat') ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state !== 'Z') parents.set(Number(name), Number(parent));
    } catch {
      // It has ended since.
    }
  }
  return parents;
}

/** Ids of all processes below `pid`, a parent before its children. */
export function descendants(pid) {
  const parents = parentsById();
  const found = [];
  const below = [pid];
  for (const one of below) {
    for (const [child, parent] of parents) {
      if (parent !== one) continue;
      found.push(child);
      below.push(child);
    }
  }
  return found;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Asks all below `pid` to end, and after `graceMs` makes those end that have not. */
export async function stopDescendants(pid, graceMs = 3000) {
  let left = descendants(pid);
  // They are stopped by their ids of now: a child whose parent ends is nobody's descendant any more.
  for (const one of left) signal(one, 'SIGTERM');
  for (let waited = 0; waited < graceMs && left.length > 0; waited += 50) {
    await sleep(50);
    const alive = parentsById();
    left = left.filter((one) => alive.has(one));
  }
  for (const one of left) signal(one, 'SIGKILL');
}

/** On Ctrl-C and SIGTERM this process ends, and everything that it has started before it. */
export function stopChildrenOnSignals() {
  let stopping = false;
  const stop = (name) => {
    if (stopping) return;
    stopping = true;
    console.error(`\n${name}: stopping what was started`);
    void stopDescendants(process.pid).then(() => process.exit(name === 'SIGINT' ? 130 : 143));
  };
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));
}
