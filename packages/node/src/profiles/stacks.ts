import type { CallFrame, CpuProfile, HeapNode, HeapProfile, Stacks } from './profile.ts';

const NANOSECONDS = 1000;

/** Each node with its samples; the time of a sample lasts until the next one. Idle time is not processor time. */
export function cpuStacks(
  { nodes, samples = [], timeDeltas = [], endTime, startTime }: CpuProfile,
  intervalUs: number,
) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const spent = new Map<number, [count: number, ns: number]>();
  let at = startTime + (timeDeltas[0] ?? 0);
  samples.forEach((id, place) => {
    const next = at + (timeDeltas[place + 1] ?? Math.max(0, endTime - at));
    const values = spent.get(id) ?? [0, 0];
    values[0]++;
    // The times of samples may go back a little.
    values[1] += Math.max(0, next - at) * NANOSECONDS;
    spent.set(id, values);
    at = next;
  });
  const framesOf = (id: number): CallFrame[] => {
    const frames: CallFrame[] = [];
    for (let one: number | undefined = id; one !== undefined; one = parents.get(one)) {
      const node = byId.get(one);
      if (node && node.callFrame.functionName !== '(root)') frames.push(node.callFrame);
    }
    return frames;
  };
  const stacks = [...spent].map(([id, values]) => ({ frames: framesOf(id), values: values.map(Math.round) }));
  return {
    samples: stacks.filter(({ frames }) => frames.length > 0 && frames[0]?.functionName !== '(idle)'),
    types: [
      ['samples', 'count'],
      ['cpu', 'nanoseconds'],
    ],
    period: intervalUs * NANOSECONDS,
    periodType: ['cpu', 'nanoseconds'],
  } satisfies Stacks;
}

/** What was allocated while the profiler watched and was alive at its end. */
export function heapStacks({ head, samples }: HeapProfile, intervalBytes: number): Stacks {
  const counts = new Map<number, number>();
  for (const { nodeId } of samples) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  const stacks: { frames: CallFrame[]; values: number[] }[] = [];
  // Stacks of calls may be deep: no recursion.
  const open: { node: HeapNode; above: readonly CallFrame[] }[] = [{ node: head, above: [] }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, above } = next;
    const frames = node.callFrame.functionName === '(root)' ? [] : [node.callFrame, ...above];
    if (node.selfSize > 0 && frames.length > 0) {
      stacks.push({ frames, values: [counts.get(node.id) ?? 0, node.selfSize] });
    }
    for (const child of node.children) open.push({ node: child, above: frames });
  }
  return {
    samples: stacks,
    types: [
      ['inuse_objects', 'count'],
      ['inuse_space', 'bytes'],
    ],
    period: intervalBytes,
    periodType: ['space', 'bytes'],
  };
}
