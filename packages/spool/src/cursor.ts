/**
 * Where the consumer stands. DIR/cursor has two slots, 512 bytes apart, written in turn, so that a torn write spoils
 * only the older one. A slot, little-endian:
 *
 *     magic "NSCU" | version u8 (1) | pending u8 | 2 zero bytes | spool id (8 bytes) | sequence u64 |
 *     segment u64 | start u64 | end u64 | crc u32 (CRC-32 over the 48 bytes before it)
 *
 * The valid slot with the highest sequence counts. Everything before `segment`/`start` has been committed. With
 * `pending`, the bytes from `start` to `end` were handed out as one batch and must be handed out as the same again.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SpoolError } from './segment.ts';

const SLOT_BYTES = 52;
const SLOT_DISTANCE = 512;
const MAGIC = 0x5543534e;
const VERSION = 1;

export interface CursorState {
  readonly segment: number;
  readonly start: number;
  /** Absent when nothing is handed out. */
  readonly end: number | undefined;
}

interface Slot extends CursorState {
  readonly id: string;
  readonly sequence: number;
}

export function encodeSlot(slot: Slot): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt8(VERSION, 4);
  bytes.writeUInt8(slot.end === undefined ? 0 : 1, 5);
  bytes.write(slot.id, 8, 'hex');
  [slot.sequence, slot.segment, slot.start, slot.end ?? 0].forEach((value, index) => {
    bytes.writeBigUInt64LE(BigInt(value), 16 + index * 8);
  });
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 48)), 48);
  return bytes;
}

/** Undefined for a slot that is empty or damaged. */
export function decodeSlot(bytes: Buffer): Slot | undefined {
  if (bytes.length < SLOT_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  if (crc32(bytes.subarray(0, 48)) !== bytes.readUInt32LE(48)) return undefined;
  const version = bytes.readUInt8(4);
  if (version !== VERSION) throw new SpoolError(`cursor has version ${version}; this program reads version ${VERSION}`);
  const number = (index: number) => Number(bytes.readBigUInt64LE(16 + index * 8));
  return {
    id: bytes.toString('hex', 8, 16),
    sequence: number(0),
    segment: number(1),
    start: number(2),
    end: bytes.readUInt8(5) === 1 ? number(3) : undefined,
  };
}

export class Cursor {
  private constructor(
    private readonly file: FileHandle,
    /** Tells this spool's tokens from those of one that stood in the same place before. */
    readonly id: string,
    private sequence: number,
    private current: CursorState,
    /** True when a cursor was there but no slot could be read; it was set aside. */
    readonly lost: boolean,
  ) {}

  static async open(dir: string): Promise<Cursor> {
    const path = join(dir, 'cursor');
    let file = await openOrCreate(path);
    const bytes = await file.readFile();
    const slots = [bytes.subarray(0, SLOT_DISTANCE), bytes.subarray(SLOT_DISTANCE)].map(decodeSlot);
    const newest = slots.filter((slot): slot is Slot => slot !== undefined).sort((a, b) => b.sequence - a.sequence)[0];
    const lost = newest === undefined && bytes.some((byte) => byte !== 0);
    if (newest) return new Cursor(file, newest.id, newest.sequence, newest, false);
    if (lost) {
      await file.close();
      await rename(path, join(dir, `cursor.${Date.now()}.quarantine`));
      file = await openOrCreate(path);
    }
    const cursor = new Cursor(file, randomBytes(8).toString('hex'), 0, { segment: 0, start: 0, end: undefined }, lost);
    await cursor.write(cursor.state, true);
    return cursor;
  }

  get state(): CursorState {
    return this.current;
  }

  /** Durable when it returns if `sync`; otherwise it survives the process but perhaps not the machine. */
  async write(state: CursorState, sync: boolean): Promise<void> {
    const sequence = this.sequence + 1;
    const slot = encodeSlot({ ...state, id: this.id, sequence });
    await this.file.write(slot, 0, slot.length, (sequence % 2) * SLOT_DISTANCE);
    if (sync) await this.file.datasync();
    this.sequence = sequence;
    this.current = state;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'w+', 0o600);
  }
}
