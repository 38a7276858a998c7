import type { Terminal } from '../src/terminal.ts';

export interface Captured extends Terminal {
  readonly stdout: string;
  readonly stderr: string;
}

/** A terminal that keeps what it is told. As a pipe by default: no colours, no width. */
export function captured(parts: Partial<Terminal> = {}): Captured {
  const kept = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    out: (text) => {
      kept.stdout += text;
    },
    err: (text) => {
      kept.stderr += text;
    },
    columns: null,
    color: false,
    drawsProgress: false,
    env: {},
    cwd: process.cwd(),
    ...parts,
  };
  return Object.defineProperties(terminal, {
    stdout: { get: () => kept.stdout },
    stderr: { get: () => kept.stderr },
  }) as Captured;
}
