import type { YamlNode } from '../config/yaml-node.ts';
import type { Discovery, TargetGroup } from '../discovery.ts';
import { readGroup } from './target-groups.ts';

/** `static_configs`. Where nothing is relabelled, an address cannot become one later, and must be host:port now. */
export function readStaticGroups(node: YamlNode, addressesAreFinal: boolean): TargetGroup[] {
  return node.items().map((item, i) => {
    if (item.isEmpty) item.fail('empty or null section in static_configs');
    const group = readGroup(item, String(i));
    for (const target of group.targets) {
      const address = target.get('__address__') ?? '';
      if (addressesAreFinal && address.includes('/')) {
        item.get('targets').fail(`${JSON.stringify(address)} is not a valid hostname`);
      }
    }
    return group;
  });
}

/** Groups that are known from the start. */
export function staticDiscovery(groups: readonly TargetGroup[]): Discovery {
  return { start: (found) => found(groups), close: async () => {} };
}
