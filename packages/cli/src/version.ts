import manifest from '../package.json' with { type: 'json' };

/** Of the `nightshift` package. */
export const VERSION: string = manifest.version;
