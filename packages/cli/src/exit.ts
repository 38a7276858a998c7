/** What the command tells the script that called it. */
export const EXIT = { ok: 0, bad: 1, usage: 2, unreachable: 3, refused: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `
Exit codes:
  0  all is well
  1  the answer is bad: a release failed, an incident is open, nothing of that name exists
  2  the command or the configuration is wrong
  3  the server cannot be reached, or cannot answer now
  4  the server refuses: no token, an unknown token, or one without the right
`;

/** Ends the command with a code and a message for people. */
export class Exit extends Error {
  override readonly name = 'Exit';
  constructor(
    readonly code: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
