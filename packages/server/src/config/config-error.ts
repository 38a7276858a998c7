import { NightshiftError } from '../errors/catalogue.ts';

/** One thing that is wrong. `where` is file:line:column or the name of the variable. */
export interface Offence {
  readonly where: string;
  readonly message: string;
}

/** CONFIG_INVALID with everything that is wrong, in the order of the file and then the environment. */
export class ConfigError extends NightshiftError {
  constructor(readonly offences: readonly Offence[]) {
    const list = offences.map(({ where, message }) => `  ${where}: ${message}`).join('\n');
    super('CONFIG_INVALID', { reason: `The configuration is not right.\n${list}` });
  }
}
