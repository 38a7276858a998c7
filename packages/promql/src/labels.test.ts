import { expect, it } from 'vitest';
import { compareLabels, compareText, identity, identityOf, identityWithout } from './labels.ts';

it('tells label sets apart whatever characters their values have', () => {
  const one = new Map([['a', 'x\u0002b\u0001y']]);
  const two = new Map([
    ['a', 'x'],
    ['b', 'y'],
  ]);
  const digits = new Map([['a', '1 x']]);
  for (const keyOf of [identity, (labels: typeof one) => identityWithout(labels, new Set(['__name__']))]) {
    expect(new Set([one, two, digits].map(keyOf)).size).toBe(3);
    expect(keyOf(new Map(one))).toBe(keyOf(one));
  }
  const values = ['', ' ', '0 ', '1 ', '\u0002'];
  const pairs = values.flatMap((a) =>
    values.map((b) =>
      identityOf(
        new Map([
          ['a', a],
          ['b', b],
        ]),
        ['a', 'b'],
      ),
    ),
  );
  expect(new Set(pairs).size).toBe(pairs.length);
});

it('takes an absent label for an empty one', () => {
  expect(identityOf(new Map([['a', 'x']]), ['a', 'b'])).toBe(
    identityOf(
      new Map([
        ['a', 'x'],
        ['b', ''],
      ]),
      ['a', 'b'],
    ),
  );
});

it('orders texts by their bytes in UTF-8', () => {
  const texts = [
    '',
    'a',
    'ab',
    'b',
    'é',
    '\ud7ff',
    '\ue000',
    '\ufffd',
    '\u{10000}',
    '\u{1f600}',
    '\u{1f600}a',
    '\u{1f601}',
  ];
  for (const a of texts) {
    for (const b of texts) {
      expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }
  }
});

it('orders label sets pair by pair, and the shorter first', () => {
  const sets = [
    [],
    [['a', '1']],
    [
      ['a', '1'],
      ['b', '1'],
    ],
    [['a', '\ufffd']],
    [['a', '\u{1f600}']],
    [['b', '0']],
  ] as const;
  const labels = sets.map((pairs) => new Map(pairs as readonly (readonly [string, string])[]));
  expect([...labels].reverse().sort(compareLabels)).toEqual(labels);
});
