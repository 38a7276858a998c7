/** `npm start`, `npm run demo`, `npm run nightshift`: makes ready, then is the command itself (no second process). */
import { join } from 'node:path';
import { ensureReady, root } from './setup.mjs';

await ensureReady();
const entry = join(root, 'packages/cli/dist/nightshift.js');
process.argv[1] = entry;
await import(entry);
