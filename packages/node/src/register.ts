/** Starts the library from the environment, before the application: `node --import @nightshift/node/register app.js`. */
import { isMainThread } from 'node:worker_threads';
import { nightshift } from './nightshift.ts';

// A preload also runs in every worker, and in the thread in which an older Node resolves ES modules.
if (isMainThread) nightshift();
