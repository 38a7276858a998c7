#!/usr/bin/env node
import { main } from './main.ts';

// Whoever reads our output may have read enough of it (`nightshift … | head`); what is done goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const code = await main(process.argv);
// Only a failure ends the process by itself: `serve` returns once it is up, and goes on.
if (code !== 0) process.exit(code);
