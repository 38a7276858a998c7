#!/usr/bin/env node
import { main } from './main.ts';

const code = await main(process.argv);
// Only a failure ends the process by itself: `serve` returns once it is up, and goes on.
if (code !== 0) process.exit(code);
