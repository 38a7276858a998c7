/** What opening a spool does to the segments that an earlier process left. */
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  HEADER_BYTES,
  readHeader,
  SEGMENT_VERSION,
  SpoolError,
  scanSegment,
  segmentName,
  segmentNumber,
} from './segment.ts';

/** A segment as the spool keeps it in memory. `end` is the end of its durable records. */
export interface Segment {
  readonly number: number;
  end: number;
  records: number;
  consumed: number;
}

export interface Recovered {
  readonly segments: Segment[];
  /** Bytes of torn tails cut off: never acknowledged. */
  readonly tornBytes: number;
  /** Files set aside because bytes that were once good have changed. */
  readonly quarantined: readonly string[];
}

/** fsync of a directory, which makes the names in it durable. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a directory with those above it, whose names are on disk when it resolves. */
export async function makeDirectory(dir: string): Promise<void> {
  const path = resolve(dir);
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

/** Moves everything from `offset` on into a file beside the segment; returns that file's name. */
export async function quarantineRest(dir: string, number: number, offset: number): Promise<string> {
  const path = join(dir, segmentName(number));
  const aside = `${segmentName(number)}.${offset}.quarantine`;
  if (offset < HEADER_BYTES) {
    await rename(path, join(dir, aside));
  } else {
    const bytes = await readFile(path);
    await writeFile(join(dir, aside), bytes.subarray(offset), { mode: 0o600, flush: true });
    // Its name as well, before the bytes leave the segment.
    await syncDirectory(dir);
    await makeDurable(path, offset);
  }
  await syncDirectory(dir);
  return aside;
}

/** Segments before the cursor are deleted, the others are read through, cut or set aside where they are damaged. */
export async function recoverSegments(dir: string, cursor: { segment: number; start: number }): Promise<Recovered> {
  const numbers = (await readdir(dir))
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  const last = numbers.at(-1);
  const segments: Segment[] = [];
  const quarantined: string[] = [];
  let tornBytes = 0;
  for (const number of numbers) {
    const from = number === cursor.segment ? cursor.start : 0;
    if (number < cursor.segment) {
      await rm(join(dir, segmentName(number)));
      continue;
    }
    const found = await recoverSegment(dir, number, from, number === last);
    tornBytes += found.tornBytes;
    if (found.quarantined !== undefined) quarantined.push(found.quarantined);
    if (found.segment !== undefined) segments.push(found.segment);
  }
  return { segments, tornBytes, quarantined };
}

interface RecoveredSegment {
  readonly segment?: Segment;
  readonly tornBytes: number;
  readonly quarantined?: string;
}

async function recoverSegment(dir: string, number: number, from: number, isLast: boolean): Promise<RecoveredSegment> {
  const path = join(dir, segmentName(number));
  const bytes = await readFile(path);
  if (isLast && bytes.length <= HEADER_BYTES) {
    // Its header was being written: there is no record that it could hold.
    await rm(path);
    return { tornBytes: bytes.length };
  }
  const header = readHeader(bytes);
  if (typeof header === 'object') {
    throw new SpoolError(
      `${path} has version ${header.version}; this program reads version ${SEGMENT_VERSION}. Run the version that wrote it until its spool is empty.`,
    );
  }
  if (header !== 'good') return { tornBytes: 0, quarantined: await quarantineRest(dir, number, 0) };
  const scan = scanSegment(bytes, from);
  const segment = { number, end: scan.end, records: scan.records, consumed: scan.recordsBefore };
  if (isLast && scan.state !== 'damaged') {
    await makeDurable(path, scan.end);
    return { segment, tornBytes: bytes.length - scan.end };
  }
  if (scan.state === 'whole') return { segment, tornBytes: 0 };
  return { segment, tornBytes: 0, quarantined: await quarantineRest(dir, number, scan.end) };
}

/** A record that a dead process wrote but did not sync will be handed out: it must not vanish with the machine later. */
async function makeDurable(path: string, end: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(end);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
