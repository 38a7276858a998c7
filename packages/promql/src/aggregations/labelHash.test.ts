import { expect, it } from 'vitest';
import { labelHash } from './labelHash.ts';

it.each([
  [{}, 17241709254077376921n],
  [{ __name__: 'up', job: 'api' }, 16880983456021303020n],
  [{ a: 'é'.repeat(200) }, 15445301978094818358n],
])('%j has the hash that Prometheus gives it', (labels, hash) => {
  expect(labelHash(new Map(Object.entries(labels)))).toBe(hash);
});
