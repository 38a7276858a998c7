/** Profiles of processor and heap, on a schedule and on demand. Nothing of it runs in between. */
import type { Session } from 'node:inspector';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Hub } from '../core/hub.ts';
import { encodePprof } from './pprof.ts';
import type { CpuProfile, HeapProfile, ProfileKind } from './profile.ts';
import { cpuStacks, heapStacks } from './stacks.ts';

export interface Profile {
  /** Counts up in the process. */
  readonly id: number;
  readonly kind: ProfileKind;
  /** Unix milliseconds. */
  readonly time: number;
  readonly seconds: number;
  /** Compressed, as pprof has it. */
  readonly pprof: Uint8Array;
  /** JSON for the developer tools of browsers: .cpuprofile or .heapprofile. Made from what is held compressed. */
  devtools(): Promise<string>;
}

export interface ProfileRequest {
  readonly kind: ProfileKind;
  /** 1 to 120; what is configured otherwise. */
  readonly seconds?: number;
}

export interface Profiler {
  /** Rejects while another one is made, and for what cannot be asked. */
  profile(request: ProfileRequest): Promise<Profile>;
  /** The last few, the newest first. */
  profiles(): readonly Profile[];
  isBusy(): boolean;
  close(): void;
}

/** As many are kept, of both kinds together. */
const KEPT = 6;
/** A hundred samples a second cost a few hundredths of a percent. */
const CPU_INTERVAL_US = 10_000;
/** What V8 does by default: a sample for so many bytes on average. */
const HEAP_INTERVAL_BYTES = 512 * 1024;
const HEAP_STACK_DEPTH = 64;
const LONGEST_SECONDS = 120;

const compress = promisify<Uint8Array | string, Buffer>(gzip);

export function createProfiler({ settings, guard }: Pick<Hub, 'settings' | 'guard'>): Profiler {
  const kept: Profile[] = [];
  let busy = false;
  let isClosed = false;
  let count = 0;
  let cut = (): void => {};

  const watch = async (kind: ProfileKind, seconds: number): Promise<Profile> => {
    const { Session } = await import('node:inspector');
    const session = new Session();
    session.connect();
    try {
      const time = Date.now();
      const began = performance.now();
      await BEGIN[kind](session);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000).unref();
        cut = () => {
          clearTimeout(timer);
          resolve();
        };
        // It may have been closed while the profile was begun.
        if (isClosed) cut();
      });
      const raw = await END[kind](session);
      const durationMs = performance.now() - began;
      const stacks =
        kind === 'cpu'
          ? cpuStacks(raw as CpuProfile, CPU_INTERVAL_US)
          : heapStacks(raw as HeapProfile, HEAP_INTERVAL_BYTES);
      const pprof = await compress(encodePprof(stacks, { time, durationMs }));
      const json = await compress(JSON.stringify(raw));
      const devtools = async () => (await gunzipText(json)) as string;
      return { id: ++count, kind, time, seconds: durationMs / 1000, pprof, devtools };
    } finally {
      session.disconnect();
    }
  };
  const profile = async ({ kind, seconds = settings.profileDuration }: ProfileRequest): Promise<Profile> => {
    if (kind !== 'cpu' && kind !== 'heap')
      throw new TypeError(`profile: kind is ${String(kind)}; cpu or heap is wanted`);
    if (!(seconds > 0 && seconds <= LONGEST_SECONDS)) {
      throw new RangeError(`profile: seconds is ${String(seconds)}; a number up to ${LONGEST_SECONDS} is wanted`);
    }
    if (busy) throw new Error('profile: another profile is being made; ask again when it is done');
    if (isClosed) throw new Error('profile: the library is closed');
    busy = true;
    try {
      const made = await watch(kind, seconds);
      kept.unshift(made);
      kept.length = Math.min(kept.length, KEPT);
      return made;
    } finally {
      busy = false;
    }
  };
  const both = async () => {
    for (const kind of ['cpu', 'heap'] as const) if (!busy && !isClosed) await profile({ kind });
  };
  const timer =
    settings.enabled && settings.profileInterval > 0
      ? setInterval(
          () => void both().catch((error) => guard.report('profiles.schedule', error)),
          Math.min(settings.profileInterval * 1000, 2 ** 31 - 1),
        ).unref()
      : undefined;
  return {
    profile,
    profiles: () => [...kept],
    isBusy: () => busy,
    close() {
      isClosed = true;
      clearInterval(timer);
      cut();
    },
  };
}

async function gunzipText(bytes: Uint8Array): Promise<string> {
  const { gunzip } = await import('node:zlib');
  return (await promisify(gunzip)(bytes)).toString();
}

const post = <T>(session: Session, method: string, parameters: object = {}): Promise<T> =>
  new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result as T)));
  });

const BEGIN: Readonly<Record<ProfileKind, (session: Session) => Promise<unknown>>> = {
  async cpu(session) {
    await post(session, 'Profiler.enable');
    await post(session, 'Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
    await post(session, 'Profiler.start');
  },
  heap: (session) =>
    post(session, 'HeapProfiler.startSampling', {
      samplingInterval: HEAP_INTERVAL_BYTES,
      stackDepth: HEAP_STACK_DEPTH,
    }),
};

const END: Readonly<Record<ProfileKind, (session: Session) => Promise<CpuProfile | HeapProfile>>> = {
  async cpu(session) {
    const { profile } = await post<{ profile: CpuProfile }>(session, 'Profiler.stop');
    await post(session, 'Profiler.disable');
    return profile;
  },
  heap: async (session) => (await post<{ profile: HeapProfile }>(session, 'HeapProfiler.stopSampling')).profile,
};
