import { decodeWriteRequest, encodeWriteRequest } from '@nightshift/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExposedValue } from './exposed-value.ts';
import { Replay } from './replay.ts';

const contentType = 'text/plain; version=0.0.4';
const at = 1_700_000_000_000;

interface Line {
  readonly text: string;
  readonly isKept: boolean;
  readonly comment: string;
  readonly blanks: string;
}

const line: fc.Arbitrary<Line> = fc.record({
  text: fc.stringMatching(/^[a-z]{1,8}(\{[a-z]="[ -!#-[\]-~]{0,9}"\})?$/),
  isKept: fc.boolean(),
  comment: fc.constantFrom('', '# HELP a Some help.\n', '\n# TYPE a gauge\n\n', '#\n'),
  blanks: fc.constantFrom(' ', '  ', '\t'),
});
const lines = fc.uniqueArray(line, { selector: ({ text }) => text, maxLength: 12 });

const written = fc.oneof(
  fc.double().map((value) => (Number.isNaN(value) ? 'NaN' : String(value).replace('Infinity', 'Inf'))),
  fc.integer().map(String),
  fc.constantFrom(
    '+1',
    '-0',
    '1.',
    '.5',
    '0x1',
    '1e400',
    '+Inf',
    '-inf',
    '12345678901234567890',
    '0.1',
    '1_0',
    '',
    '-',
  ),
);

const bodyOf = (all: readonly Line[], values: readonly string[]): Uint8Array =>
  Buffer.from(all.map(({ text, comment, blanks }, i) => `${comment}${text}${blanks}${values[i]}\n`).join(''));

const labelsOf = (text: string) => new Map([['__name__', text]]);

const requestOf = (all: readonly Line[], values: readonly number[], timestamp: number): Uint8Array =>
  encodeWriteRequest(
    all.flatMap(({ text, isKept }, i) =>
      isKept ? [{ labels: labelsOf(text), samples: [{ timestamp, value: values[i] as number }] }] : [],
    ),
  );

const recordedOf = (all: readonly Line[]) => {
  const values = all.map((_line, i) => i);
  return Replay.of({
    answer: { body: bodyOf(all, values.map(String)), contentType },
    texts: all.map(({ text }) => text),
    kept: all.map(({ isKept }) => isKept),
    request: requestOf(all, values, at),
    at,
  });
};

const none = new Uint8Array(0);

/** As the parser of the exposition reads it; undefined for what it refuses. */
function exposedValue(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
}

describe('the value of a sample', () => {
  it('is what the parser reads, to the bit, and nothing else is one', () => {
    const reader = new ExposedValue();
    fc.assert(
      fc.property(written, fc.nat(1e15), fc.nat(15), (text, digits, places) => {
        const decimal = String(digits).padStart(places + 1, '0');
        for (const one of [
          text,
          `${decimal.slice(0, decimal.length - places)}.${decimal.slice(decimal.length - places)}`,
        ]) {
          const bytes = Buffer.from(`x ${one}\nmore 1\n`);
          const end = reader.read(bytes, 2);
          const expected = exposedValue(one);
          expect(end).toBe(expected === undefined ? -1 : 2 + one.length);
          if (expected !== undefined) expect(Object.is(reader.value, expected)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an answer that differs in its values alone', () => {
  it('becomes the request that parsing it would give, of another time', () => {
    fc.assert(
      fc.property(lines, fc.array(written, { minLength: 12, maxLength: 12 }), fc.nat(1e9), (all, texts, later) => {
        const replay = recordedOf(all);
        expect(replay?.scraped).toBe(all.length);
        expect(replay?.afterRelabelling).toBe(all.filter(({ isKept }) => isKept).length);
        const values = all.map((_line, i) => exposedValue(texts[i] as string));
        const made = replay?.run({ body: bodyOf(all, texts), contentType }, at + later, Buffer.from('more'));
        const isGood = values.every((value) => value !== undefined);
        const expected = isGood && [...requestOf(all, values as number[], at + later), ...Buffer.from('more')];
        expect(made && [...made]).toEqual(expected || undefined);
      }),
    );
  });

  it('still knows its series, for one that differs in more', () => {
    fc.assert(
      fc.property(lines, (all) => {
        const known = recordedOf(all)?.series() ?? [];
        expect(known.map(({ text, isTracked, shown }) => ({ text, isKept: isTracked, shown }))).toEqual(
          all.map(({ text, isKept }) => ({ text, isKept, shown: '' })),
        );
        for (const { text, bytes, isTracked } of known) {
          if (!isTracked) expect(bytes).toBe('');
          else {
            const labels = Buffer.from(bytes, 'latin1');
            const request = Buffer.concat([Uint8Array.of(0x0a, labels.length), labels]);
            expect(decodeWriteRequest(request).series).toEqual([labelsOf(text)]);
          }
        }
      }),
    );
  });
});

describe('an answer that differs in more', () => {
  const all: Line[] = [
    { text: 'a{b="c"}', isKept: true, comment: '# TYPE a gauge\n', blanks: ' ' },
    { text: 'd', isKept: true, comment: '', blanks: ' ' },
  ];
  const replay = recordedOf(all);
  const run = (body: string, type = contentType, time = at + 15_000) =>
    replay?.run({ body: Buffer.from(body), contentType: type }, time, none);

  it('is one to be parsed', () => {
    expect(run('# TYPE a gauge\na{b="c"} 7\nd 8\n')).toBeDefined();
    for (const body of [
      '',
      '# TYPE a gauge\na{b="c"} 7\n',
      '# TYPE a counter\na{b="c"} 7\nd 8\n',
      '# TYPE a gauge\na{b="x"} 7\nd 8\n',
      '# TYPE a gauge\na{b="c"} 7 1700000000000\nd 8\n',
      '# TYPE a gauge\na{b="c"} 7\nd 8 1700000000000\n',
      '# TYPE a gauge\na{b="c"} 7\nd 8',
      '# TYPE a gauge\na{b="c"} 7\nd 8\ne 9\n',
      '# TYPE a gauge\na{b="c"} 7\nd 8\r\n',
      '# TYPE a gauge\na{b="c"} 7\ndd 8\n',
      '# TYPE a gauge\na{b="c"} \nd 8\n',
      '# TYPE a gauge\na{b="c"} 7 # {x="y"} 1\nd 8\n',
    ]) {
      expect(run(body)).toBeUndefined();
    }
    expect(run('# TYPE a gauge\na{b="c"} 7\nd 8\n', 'application/openmetrics-text')).toBeUndefined();
    expect(run('# TYPE a gauge\na{b="c"} 7\nd 8\n', contentType, 5)).toBeUndefined();
  });

  it('is not kept where a series has a time, or characters beyond ASCII stand in it', () => {
    const of = (body: string, text: string) =>
      Replay.of({
        answer: { body: Buffer.from(body), contentType },
        texts: [text],
        kept: [true],
        request: requestOf(all.slice(1), [1], at),
        at,
      });
    expect(of('d 1\n', 'd')).toBeDefined();
    expect(of('d 1 1700000000000\n', 'd')).toBeUndefined();
    expect(of('d{e="ä"} 1\n', 'd{e="ä"}')).toBeUndefined();
    expect(of('x 1\n', 'd')).toBeUndefined();
  });
});
