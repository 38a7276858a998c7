import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchange } from '../testing/bad-release.ts';
import { curlLine } from './facts.ts';
import { escapeHtml } from './html.ts';
import { escapeMarkdown, fenced } from './markdown.ts';

const hostile = fc.string({
  unit: fc.constantFrom(...'<>&"\'`~*_[]()!\\|#@$^:/.-+=1 \n\ta\u0000\u001b\u202e\u200b'),
  maxLength: 60,
});

describe('escaping', () => {
  it('leaves nothing in HTML that opens a tag, an entity or leaves an attribute, and loses nothing', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)|\p{Cf}|(?![\t\n])\p{Cc}/u);
        const back = escaped
          .replace(/&lt;/g, '<')
          .replace(/&gt;/g, '>')
          .replace(/&quot;/g, '"')
          .replace(/&#39;/g, "'")
          .replace(/&amp;/g, '&');
        expect(
          back.replace(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))),
        ).toBe(text);
      }),
    );
  });

  it('puts a backslash before every active character of Markdown, on one line', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const left = escapeMarkdown(text).replace(/\\[\\`*_{}[\]<>&|~!@$#^:.)\-+=]/g, 'x');
        expect(left).not.toMatch(/[\\`*_{}[\]<>&|~!@$#^\n\t]|:\/|^\s*[-+=]|^\s*\d+[.)]/);
      }),
    );
  });

  it('fences any text so that only the last line closes the fence', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const lines = fenced(text).split('\n');
        const fence = lines[0]!;
        expect(lines.slice(1, -1).some((line) => line.includes(fence))).toBe(false);
        expect(lines.at(-1)).toBe(fence);
      }),
    );
  });

  it('makes curl lines that a real shell takes word for word', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const body = text.replace(/(?![\t\n])\p{Cc}/gu, '');
        const line = curlLine(
          exchange(0, {
            requestBody: `x${body}`,
            requestHeaders: [
              ['authorization', '[redacted]'],
              ['x-a', 'b'],
            ],
          }),
          'http://h',
        );
        expect(line).not.toContain('redacted');
        const words = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' }).split('\0');
        expect(words.slice(0, 8)).toEqual(['curl', '-i', '-X', 'GET', '-H', 'x-a: b', '--data-raw', `x${body}`]);
      }),
      { numRuns: 40 },
    );
  });
});
