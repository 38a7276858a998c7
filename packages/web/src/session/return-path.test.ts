import fc from 'fast-check';
import { expect, test } from 'vitest';
import { returnPath } from './return-path.ts';

const ORIGIN = 'https://night.example';

test.each([
  ['/incidents/INC-7?range=1h#evidence-logs', '/incidents/INC-7?range=1h#evidence-logs'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/.//evil.example', '/'],
  ['https://evil.example/', '/'],
  ['javascript:alert(1)', '/'],
  ['/login?next=/login', '/'],
  ['', '/'],
  [undefined, '/'],
])('%j leads to %j', (next, path) => {
  expect(returnPath(next, ORIGIN)).toBe(path);
});

test('no text ever leads to another origin', () => {
  const parts = fc.array(fc.constantFrom('/', '\\', '.', '..', 'a', ':', '@', '\t', '\n', '%2f', '?', '#', 'https:'), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(parts, (some) => {
      const path = returnPath(some.join(''), ORIGIN);
      expect(new URL(path, ORIGIN).origin).toBe(ORIGIN);
      expect(path).toMatch(/^\/(?![/\\])/);
    }),
    { numRuns: 2000 },
  );
});
