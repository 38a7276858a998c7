/**
 * Records that were acknowledged and cannot be stored, one file each, until a person has looked: NAME is the record as it
 * stood in the journal (`journal-layout.ts`), NAME.json says in words what it is and why it is here, and where its body begins.
 */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '@nightshift/spool';
import { decodeJournalRecord } from '../spool/journal-layout.ts';

export interface RefusedRecordsOptions {
  readonly dir: string;
  /** Above this many bytes the oldest are deleted, counted and reported. */
  readonly maxBytes: number;
  readonly now: () => number;
  readonly log: { error(fields: object, message: string): void };
}

const NOTE = '.json';

export class RefusedRecords {
  /** Since the start. */
  kept = 0;
  dropped = 0;

  constructor(private readonly options: RefusedRecordsOptions) {}

  /** On disk when it resolves. The same name again is the same record. */
  async keep(name: string, record: Uint8Array, error: unknown): Promise<void> {
    const { dir, now, log } = this.options;
    const reason = error instanceof Error ? error.message : String(error);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = join(dir, name);
    await writeFile(file, record, { mode: 0o600, flush: true });
    const note = { reason, at: new Date(now()).toISOString(), ...described(record) };
    await writeFile(file + NOTE, `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600, flush: true });
    // The names of new files last as well.
    await syncDirectory(dir);
    this.kept++;
    log.error({ file, reason, look: file + NOTE }, 'a stored record was set aside');
    await this.dropAbove();
  }

  private async dropAbove(): Promise<void> {
    const { dir, maxBytes, log } = this.options;
    const names = (await readdir(dir)).filter((name) => !name.includes('.'));
    const files = await Promise.all(names.map(async (name) => ({ name, ...sizeAndAge(await stat(join(dir, name))) })));
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size } of files.sort((a, b) => a.age - b.age)) {
      if (bytes <= maxBytes) return;
      await rm(join(dir, name), { force: true });
      await rm(join(dir, name + NOTE), { force: true });
      bytes -= size;
      this.dropped++;
      log.error({ record: name, maxBytes }, 'a record that was set aside was deleted: there are too many of them');
    }
  }
}

const sizeAndAge = ({ size, mtimeMs }: { size: number; mtimeMs: number }) => ({ size, age: mtimeMs });

function described(record: Uint8Array): object {
  try {
    const { kind, format, receivedAt, body } = decodeJournalRecord(record);
    const bodyAt = record.length - body.length;
    return { kind, format, receivedAt: new Date(receivedAt).toISOString(), bodyAt };
  } catch {
    return {};
  }
}
