/** The effective configuration, after options and environment. */
export type { Values as Settings } from './keys.ts';
