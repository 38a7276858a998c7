import { withNightshift } from '../peers/nightshift.ts';
import type { Suite } from '../suite.ts';
import { receiverChecks } from './receiver/cases.ts';
import { REMOTE_WRITE, runIndexed } from './remote-write-index.ts';

export const receiver: Suite = {
  name: 'remote-write receiver',
  about:
    'requests of remote write 2.0, and of 1.0, to a real server: status, counts of what was written, and the values read back through the API',
  folder: REMOTE_WRITE,
  run: () => withNightshift({}, (peer) => runIndexed('receiver', receiverChecks(peer))),
};
