import type { Suite } from '../suite.ts';
import { REMOTE_WRITE, runIndexed } from './remote-write-index.ts';
import { deliveryChecks } from './sender/delivery.ts';
import { encodingChecks } from './sender/encoding.ts';
import { recordSender } from './sender/run.ts';

export const sender: Suite = {
  name: 'remote-write sender',
  about:
    'a real agent that scrapes and sends by remote write 2.0, and 1.0, to receivers that take, refuse, break off and come late: its requests read byte by byte',
  folder: REMOTE_WRITE,
  async run() {
    const recording = await recordSender();
    return runIndexed('sender', { ...encodingChecks(recording), ...deliveryChecks(recording) });
  },
};
