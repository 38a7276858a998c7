import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clientRoutes } from './web.ts';

it('every address of the browser application is its page, also when it is opened directly', () => {
  const router = readFileSync('packages/web/src/router.tsx', 'utf8');
  const paths = [...router.matchAll(/path: '([^']+)'/g)].map(([, path = '']) => path.replaceAll('$', ':'));
  expect([...clientRoutes].sort()).toEqual(paths.sort());
});
