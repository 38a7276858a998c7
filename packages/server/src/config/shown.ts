import { stringify } from 'yaml';
import type { ConfigSource } from './load.ts';

/** The effective configuration as YAML, each value as it was written, secrets masked. */
export function shownConfig(sources: ReadonlyMap<string, ConfigSource>): string {
  const root: Record<string, unknown> = {};
  for (const [path, { value }] of sources) {
    const steps = path.split('.');
    const last = steps.pop() ?? path;
    let section = root;
    for (const step of steps) {
      section[step] ??= {};
      section = section[step] as Record<string, unknown>;
    }
    section[last] = value;
  }
  return stringify(root, { aliasDuplicateObjects: false });
}
