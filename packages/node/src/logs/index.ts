import type { ModuleInstrumentation } from '../core/hub.ts';
import { bunyanLogs } from './bunyan.ts';
import { pinoLogs } from './pino.ts';
import { winstonLogs } from './winston.ts';

/** Loggers whose lines become records; a new one is a file and a line here. */
export const loggers: readonly ModuleInstrumentation[] = [pinoLogs, winstonLogs, bunyanLogs];
