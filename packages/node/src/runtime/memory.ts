import { getHeapSpaceStatistics } from 'node:v8';
import type { Hub } from '../core/hub.ts';
import { gauges } from './registered.ts';

type Space = ReturnType<typeof getHeapSpaceStatistics>[number];

export function watchMemory(hub: Hub): () => void {
  const bySpace = (pick: (space: Space) => number) => (spaces: readonly Space[]) =>
    Object.fromEntries(spaces.map((space) => [space.space_name.replace(/_space$/, ''), pick(space)]));
  const undo = [
    gauges(hub, () => process.memoryUsage(), [
      { name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.', value: ({ rss }) => rss },
      {
        name: 'nodejs_heap_size_total_bytes',
        help: 'Process heap size from Node.js in bytes.',
        value: ({ heapTotal }) => heapTotal,
      },
      {
        name: 'nodejs_heap_size_used_bytes',
        help: 'Process heap size used from Node.js in bytes.',
        value: ({ heapUsed }) => heapUsed,
      },
      {
        name: 'nodejs_external_memory_bytes',
        help: 'Node.js external memory size in bytes.',
        value: ({ external }) => external,
      },
    ]),
    gauges(hub, getHeapSpaceStatistics, [
      {
        name: 'nodejs_heap_space_size_total_bytes',
        help: 'Process heap space size total from Node.js in bytes.',
        label: 'space',
        value: bySpace(({ space_size }) => space_size),
      },
      {
        name: 'nodejs_heap_space_size_used_bytes',
        help: 'Process heap space size used from Node.js in bytes.',
        label: 'space',
        value: bySpace(({ space_used_size }) => space_used_size),
      },
      {
        name: 'nodejs_heap_space_size_available_bytes',
        help: 'Process heap space size available from Node.js in bytes.',
        label: 'space',
        value: bySpace(({ space_available_size }) => space_available_size),
      },
    ]),
  ];
  return () => {
    for (const back of undo) back();
  };
}
