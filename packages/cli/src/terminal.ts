/** The outside of the command: where it writes, and what surrounds it. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Width of standard output in columns, null where it is not a terminal. */
  readonly columns: number | null;
  readonly color: boolean;
  /** Whether standard error is a terminal, on which a progress line may be drawn over. */
  readonly drawsProgress: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** The terminal of this process. NO_COLOR (https://no-color.org) and a pipe switch colours off. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    columns: stdout.isTTY ? stdout.columns : null,
    color: Boolean(stdout.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb',
    drawsProgress: Boolean(stderr.isTTY),
    env,
    cwd: process.cwd(),
  };
}

export type Tone = 'bold' | 'dim' | 'bad' | 'good' | 'lamp' | 'plain';

const CODES: Record<Tone, [number, number] | null> = {
  bold: [1, 22],
  dim: [2, 22],
  bad: [31, 39],
  good: [32, 39],
  lamp: [33, 39],
  plain: null,
};

export function paint(terminal: Pick<Terminal, 'color'>, tone: Tone, text: string): string {
  const codes = CODES[tone];
  return terminal.color && codes ? `\u001b[${codes[0]}m${text}\u001b[${codes[1]}m` : text;
}

/**
 * Text from elsewhere, made harmless: a control character would otherwise move the cursor or recolour the terminal, and
 * a bidirectional override would show a line in another order than it has. Tabs become a space; `keepLines` keeps \n.
 */
export function printable(text: string, keepLines = false): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    if (character === '\t') return ' ';
    if (character === '\n') return keepLines ? character : '\\n';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
