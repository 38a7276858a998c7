import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Manifest {
  readonly name?: string;
  readonly type?: string;
  readonly exports?: unknown;
}

/** The package.json of a directory; undefined if there is none that can be read. */
export function readManifest(directory: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

export const nameInManifest = (directory: string): string | undefined => readManifest(directory)?.name;
