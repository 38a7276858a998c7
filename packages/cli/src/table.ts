import { paint, printable, type Terminal, type Tone } from './terminal.ts';

export type Cell = string | { text: string; tone: Tone };

const textOf = (cell: Cell): string => printable(typeof cell === 'string' ? cell : cell.text);
const toneOf = (cell: Cell): Tone => (typeof cell === 'string' ? 'plain' : cell.tone);
const widthOf = (text: string): number => [...text].length;

function cut(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

/**
 * Columns side by side, two spaces apart, each line ended by \n. On a terminal the last column is cut at its edge; in a
 * pipe nothing is. Without rows, only the header.
 */
export function table(
  terminal: Pick<Terminal, 'color' | 'columns'>,
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const lines: (readonly Cell[])[] = [header.map((text): Cell => ({ text, tone: 'dim' })), ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => widthOf(textOf(line[column] ?? '')))));
  const last = header.length - 1;
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 0);
  const room = terminal.columns === null ? Infinity : Math.max(8, terminal.columns - before);
  const draw = (cell: Cell, column: number): string => {
    const text = column === last ? cut(textOf(cell), room) : textOf(cell);
    const gap = column === last ? '' : ' '.repeat((widths[column] ?? 0) - widthOf(text));
    return paint(terminal, toneOf(cell), text) + gap;
  };
  return lines
    .map(
      (line) =>
        `${header
          .map((_, column) => draw(line[column] ?? '', column))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
