import { expect, it } from 'vitest';
import { unescapeName } from './names.ts';

it.each([
  ['job', 'job'],
  ['U__http_2e_status__sum', 'http.status_sum'],
  ['U__a__b', 'a_b'],
  ['U___1f600_', '😀'],
  ['U__', ''],
  ['U__a_', 'U__a_'],
  ['U__a_zz_', 'U__a_zz_'],
  ['U___d800_', 'U___d800_'],
  ['U___110000_', 'U___110000_'],
  ['U___1234567_', 'U___1234567_'],
])('%s is the name %s', (escaped, name) => {
  expect(unescapeName(escaped)).toBe(name);
});
