import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { table } from './table.ts';
import { printable } from './terminal.ts';

const pipe = { color: false, columns: null };

describe('a table', () => {
  it('aligns columns and leaves no space at the end of a line', () => {
    const text = table(
      pipe,
      ['ID', 'NAME', 'NOTE'],
      [
        ['1', 'a', ''],
        ['22', 'long name', 'x'],
      ],
    );
    expect(text).toBe('ID  NAME       NOTE\n1   a\n22  long name  x\n');
  });

  it('cuts the last column at the edge of a terminal, and nowhere else', () => {
    const rows = [['a', 'y'.repeat(40)]];
    expect(table({ color: false, columns: 20 }, ['A', 'B'], rows)).toBe(`A  B\na  ${'y'.repeat(16)}…\n`);
    expect(table(pipe, ['A', 'B'], rows)).toContain('y'.repeat(40));
  });

  it('colours by tone without moving a column', () => {
    const rows = [[{ text: 'bad', tone: 'bad' as const }, 'x']];
    const text = table({ color: true, columns: 80 }, ['STATE', 'B'], rows);
    expect(text).toContain('\u001b[31mbad\u001b[39m    x');
  });

  it('has one line per row, whatever stands in the cells', () => {
    const cell = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell)), (rows) => {
        const text = table(pipe, ['A', 'B'], rows);
        expect(text.split('\n')).toHaveLength(rows.length + 2);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});

describe('text from elsewhere', () => {
  it('loses its escape sequences and keeps everything else', () => {
    expect(printable('a\u001b]0;title\u0007b\tc\nd')).toBe('a\\u001b]0;title\\u0007b c\\nd');
    expect(printable('two\nlines', true)).toBe('two\nlines');
    expect(printable('Größe 測試 🙂')).toBe('Größe 測試 🙂');
  });
});
