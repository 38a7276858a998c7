import { readFile } from 'node:fs/promises';
import type { Secret } from '../config/types.ts';

/** The text of a secret; one in a file is read each time, so that a new one counts at once, and white space at its ends does not. */
export async function secretText({ text, file }: Secret): Promise<string> {
  if (file === '') return text;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Error(`unable to read file ${file}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}
