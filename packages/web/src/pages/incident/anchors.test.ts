import { expect, test } from 'vitest';
import { incident, TRACE } from '../../../test/fixture-data.ts';
import { evidenceTarget } from './anchors.ts';

test.each([
  ['exchange', 'ex-1', { anchor: 'evidence-exchange-ex-1' }],
  ['exchange', 'not kept', { anchor: 'evidence-exchanges' }],
  ['replay', 'ex-0', { anchor: 'evidence-exchange-ex-0' }],
  ['trace', TRACE, { anchor: 'evidence-trace' }],
  ['trace', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', { trace: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }],
  ['diff', '2', { anchor: 'evidence-hunk-2' }],
  ['diff', 'diff', { anchor: 'evidence-diff' }],
  ['verdict', '', { anchor: 'evidence-verdict' }],
] as const)('%s %s leads to %j', (kind, id, target) => {
  expect(evidenceTarget({ kind, id, label: '' }, incident)).toEqual(target);
});
