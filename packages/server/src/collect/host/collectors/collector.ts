import type { Family } from '../family.ts';
import type { Host } from '../host.ts';

/** One of node_exporter's collectors: reads a few files and makes metrics of them. */
export interface Collector {
  /** As in `node_scrape_collector_success`. */
  readonly name: string;
  /** Whether a machine may have nothing of the kind; elsewhere that is a failure. */
  readonly mayBeEmpty?: boolean;
  collect(host: Host): Promise<readonly Family[]>;
}

/** A collector that is a function of one file. */
export const fromFile = (
  name: string,
  path: string,
  parse: (text: string) => readonly Family[],
  mayBeEmpty = false,
): Collector => ({ name, mayBeEmpty, collect: async (host) => parse(await host.read(path)) });
