import { createProcessDriver } from './process.ts';

/** Every way to start a release, by the name in `Release.driver`. A new one is a file and a line here. */
export const drivers = { process: createProcessDriver } as const;

export type { ReleaseDriver } from './release-driver.ts';
