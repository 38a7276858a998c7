import type { ContainerPort, Pod, TargetRef } from '../objects.ts';
import { type Address, hostPort, type MetaLabels } from './meta-labels.ts';
import { containerLabels, containerPortLabels, podLabels } from './pod.ts';
import type { Related } from './related.ts';

/** The pods behind the addresses of a service, and which of their ports it covers. */
export class PodPorts {
  readonly #seen = new Map<string, { readonly pod: Pod; readonly covered: Set<number> }>();

  constructor(private readonly related: Related) {}

  /** The labels of the pod that an address belongs to, and of its container that has the port. `protocol` is how that is called there. */
  labelsOf(
    ref: TargetRef | undefined,
    port: number | undefined,
    protocol: (port: ContainerPort) => string,
  ): MetaLabels | undefined {
    const pod = ref?.kind === 'Pod' ? this.related.find('pods', ref.namespace, ref.name) : undefined;
    if (!pod) return undefined;
    const key = `${pod.namespace}/${pod.name}`;
    const seen = this.#seen.get(key) ?? { pod, covered: new Set() };
    this.#seen.set(key, seen);
    const meta = podLabels(pod, this.related);
    if (port === undefined) return meta;
    seen.covered.add(port);
    for (const container of pod.containers) {
      const own = container.ports.find(({ number }) => number === port);
      if (own) Object.assign(meta, containerLabels(container), containerPortLabels(own.name, port, protocol(own)));
    }
    return meta;
  }

  /** A target for every port of the pods that no address has covered. */
  uncovered(): Address[] {
    return [...this.#seen.values()]
      .filter(({ pod }) => pod.ip !== '')
      .flatMap(({ pod, covered }) =>
        pod.containers.flatMap((container) =>
          container.ports
            .filter(({ number }) => !covered.has(number))
            .map(({ name, number, protocol }) => ({
              address: hostPort(pod.ip, number),
              meta: {
                ...containerLabels(container),
                ...containerPortLabels(name, number, protocol),
                ...podLabels(pod, this.related),
              },
            })),
        ),
      );
  }
}
