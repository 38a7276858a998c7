export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** How another process of Nightshift is started: the same program with another command. */
export type Launcher = (...args: readonly string[]) => Launch;

/** The program that is running now, by Node with options that keep the child small. */
export function ownLauncher(entry: string, nodeOptions: readonly string[] = []): Launcher {
  return (...args) => ({ command: process.execPath, args: [...nodeOptions, entry, ...args] });
}
