import type { Labels } from '@nightshift/wire';

/** Targets that were found together. A later group with the same `source` replaces this one; one without targets ends it. */
export interface TargetGroup {
  /** Unique within a discovery: a file and place, a Kubernetes object, an address that was asked. */
  readonly source: string;
  /** Each with `__address__` and what else is known of it (`__meta_…`). */
  readonly targets: readonly Labels[];
  /** Of all targets of the group; a target's own label wins. */
  readonly labels: Labels;
}

/** A source of targets that keeps looking until it is closed. Failures are told and tried again; what was found stays. */
export interface Discovery {
  /** Called once. `found` gets the groups that are new or changed; `failed` why a look did not succeed. */
  start(found: (groups: readonly TargetGroup[]) => void, failed: (reason: string) => void): void;
  close(): Promise<void>;
}
