/** Nightshift in the application: sees everything, breaks nothing. */
export type { KindSnapshot } from './buffer/buffer.ts';
export type { Options } from './config/keys.ts';
export { OptionsError, type Shown } from './config/load.ts';
export type { Labels, Measure } from './core/measure.ts';
export { type Nightshift, nightshift } from './nightshift.ts';
