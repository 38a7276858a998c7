import type { Hub } from '../core/hub.ts';
import { Counter } from '../metrics/prom-client.ts';

export interface TotalDescription {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
}

/** A counter whose total somebody else keeps: read at each exposition, by the value of its label ('' for none). */
export function total(hub: Hub, { name, help, label }: TotalDescription, read: () => Readonly<Record<string, number>>) {
  const last: Record<string, number> = {};
  const labelNames = label === undefined ? [] : [label];
  const counter = new Counter({
    name,
    help,
    labelNames,
    registers: [hub.meters.registry],
    collect() {
      hub.guard.run(
        'runtime.collect',
        () => {
          for (const [value, now] of Object.entries(read())) {
            const more = now - (last[value] ?? 0);
            if (!(more > 0)) continue;
            last[value] = now;
            if (label === undefined) counter.inc(more);
            else counter.inc({ [label]: value }, more);
          }
        },
        undefined,
      );
    },
  });
  return () => hub.meters.registry.removeSingleMetric(name);
}

/** Gauges of one reading, which is taken once however many of them are asked; removed by what is given back. */
export function gauges<Reading>(
  { meters }: Hub,
  read: () => Reading,
  all: readonly {
    readonly name: string;
    readonly help: string;
    readonly label?: string;
    readonly value: (reading: Reading) => number | Readonly<Record<string, number>>;
  }[],
): () => void {
  let reading: { readonly value: Reading; readonly at: number } | undefined;
  const current = (): Reading => {
    const at = performance.now();
    // All of one exposition are asked within this time.
    if (!reading || at - reading.at > 100) reading = { value: read(), at };
    return reading.value;
  };
  for (const { name, help, label, value } of all) {
    meters.gauge({ name, help, labels: label === undefined ? [] : [label] }, (gauge) => {
      const found = value(current());
      if (typeof found === 'number') gauge.set([], found);
      else for (const [key, one] of Object.entries(found)) gauge.set([key], one);
    });
  }
  return () => {
    for (const { name } of all) meters.registry.removeSingleMetric(name);
  };
}
