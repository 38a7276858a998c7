export interface HostSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric of the host under the name, type and help of node_exporter. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'unknown';
  readonly help: string;
  readonly samples: readonly HostSample[];
}

export type MetricKind = Pick<Family, 'name' | 'type' | 'help'>;

export const gauge = (name: string, help: string): MetricKind => ({ name, type: 'gauge', help });

export const counter = (name: string, help: string): MetricKind => ({ name, type: 'counter', help });

/** Samples as they are found, put together by family. Values that are no number are left out. */
export class Families {
  readonly #found = new Map<string, { readonly kind: MetricKind; readonly samples: HostSample[] }>();

  add(kind: MetricKind, value: number | undefined, labels: Readonly<Record<string, string>> = {}): void {
    if (value === undefined || Number.isNaN(value)) return;
    const family = this.#found.get(kind.name) ?? { kind, samples: [] };
    this.#found.set(kind.name, family);
    family.samples.push({ labels, value });
  }

  list(): Family[] {
    return [...this.#found.values()].map(({ kind, samples }) => ({ ...kind, samples }));
  }
}
