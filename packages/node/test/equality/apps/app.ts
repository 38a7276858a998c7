import type { Server } from 'node:http';
import type { Given } from './raw.ts';

/** Makes a server with the routes `/raw/…`, `/app/…` and `/static/…`; it does not listen yet. */
export type App = (given: Given) => Promise<Server>;
