/**
 * Where the consumer stands. DIR/cursor has three slots, 4,096 bytes apart, written in turn. A slot, little-endian:
 *
 *     magic "NSCU" | version u8 (2) | pending u8 | 2 zero bytes | spool id (8 bytes) | sequence u64 |
 *     segment u64 | start u64 | end u64 | crc u32 (CRC-32 over the 48 bytes before it)
 *
 * The valid slot with the highest sequence counts. Everything before `segment`/`start` has been committed. With
 * `pending`, the bytes from `start` to `end` were handed out as one batch and must be handed out as the same again.
 *
 * A commit is not synced. So while the next batch is written down, the newest slot that is surely on disk is the batch before
 * it, two writes back: with two slots a torn write would spoil just that one, and what was handed out could be cut into other
 * batches. A slot has a block of the disk for itself, because a torn write spoils all of a block. (Version 1 had two, 512 bytes
 * apart; it is read, and not written any more.)
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SpoolError } from './segment.ts';

const SLOT_BYTES = 52;
const PLACES = [0, 4096, 8192];
const SECOND_OF_VERSION_1 = 512;
const MAGIC = 0x5543534e;
const VERSION = 2;

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

export function encodeSlot(slot: Slot, version = VERSION): Buffer {
  const bytes = Buffer.alloc(SLOT_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt8(version, 4);
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
  if (version < 1 || version > VERSION) {
    throw new SpoolError(`cursor has version ${version}; this program reads versions 1 to ${VERSION}`);
  }
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
    /** Of the slot that was written last, in `PLACES`. */
    private place: number,
    /** Tells this spool's tokens from those of one that stood in the same place before. */
    readonly id: string,
    private sequence: number,
    private current: CursorState,
    /** True when a cursor was there but no slot could be read; it was set aside. */
    readonly lost: boolean,
  ) {}

  static async open(dir: string): Promise<Cursor> {
    const path = join(dir, 'cursor');
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return Buffer.alloc(0);
    });
    const newest = [...PLACES, SECOND_OF_VERSION_1]
      .flatMap((place) => {
        const slot = decodeSlot(bytes.subarray(place));
        return slot ? [{ slot, place }] : [];
      })
      .sort((a, b) => b.slot.sequence - a.slot.sequence)[0];
    if (newest) {
      const { slot } = newest;
      const file = await open(path, 'r+');
      // The second place of version 1 is in the first block.
      return new Cursor(file, Math.max(0, PLACES.indexOf(newest.place)), slot.id, slot.sequence, slot, false);
    }
    const lost = bytes.some((byte) => byte !== 0);
    if (lost) await rename(path, join(dir, `cursor.${Date.now()}.quarantine`));
    const file = await open(path, 'w+', 0o600);
    const state = { segment: 0, start: 0, end: undefined };
    const cursor = new Cursor(file, 0, randomBytes(8).toString('hex'), 0, state, lost);
    await cursor.write(state, true);
    return cursor;
  }

  get state(): CursorState {
    return this.current;
  }

  /** Durable when it returns if `sync`; otherwise it survives the process but perhaps not the machine. */
  async write(state: CursorState, sync: boolean): Promise<void> {
    const sequence = this.sequence + 1;
    const slot = encodeSlot({ ...state, id: this.id, sequence });
    const place = (this.place + 1) % PLACES.length;
    await this.file.write(slot, 0, slot.length, PLACES[place]);
    if (sync) await this.file.datasync();
    this.place = place;
    this.sequence = sequence;
    this.current = state;
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
