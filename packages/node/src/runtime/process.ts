import type { Hub } from '../core/hub.ts';
import { gauges, total } from './registered.ts';

const MICROSECONDS = 1e6;

function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export function watchProcess(hub: Hub): () => void {
  const { version } = process;
  const [major = '', minor = '', patch = ''] = version.slice(1).split('.');
  const info = hub.meters.gauge({
    name: 'nodejs_version_info',
    help: 'Node.js version info.',
    labels: ['version', 'major', 'minor', 'patch'],
  });
  info.set([version, major, minor, patch], 1);
  const started = hub.meters.gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
  });
  started.set([], Date.now() / 1000 - process.uptime());
  /** What was there once and is gone must read zero. */
  const kinds = new Set<string>();
  const undo = [
    total(hub, { name: 'process_cpu_user_seconds_total', help: 'Total user CPU time spent in seconds.' }, () => ({
      '': process.cpuUsage().user / MICROSECONDS,
    })),
    total(hub, { name: 'process_cpu_system_seconds_total', help: 'Total system CPU time spent in seconds.' }, () => ({
      '': process.cpuUsage().system / MICROSECONDS,
    })),
    total(hub, { name: 'process_cpu_seconds_total', help: 'Total user and system CPU time spent in seconds.' }, () => {
      const { user, system } = process.cpuUsage();
      return { '': (user + system) / MICROSECONDS };
    }),
    gauges(hub, () => process.getActiveResourcesInfo(), [
      {
        name: 'nodejs_active_resources',
        help: 'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
        label: 'type',
        value: (names) => {
          const counts = countsOf(names);
          for (const name of Object.keys(counts)) kinds.add(name);
          return Object.fromEntries([...kinds].map((name) => [name, counts[name] ?? 0]));
        },
      },
      {
        name: 'nodejs_active_resources_total',
        help: 'Total number of active resources.',
        value: ({ length }) => length,
      },
      {
        name: 'nodejs_active_handles_total',
        help: 'Total number of active handles.',
        value: (names) => names.filter((name) => !/Req$|Request|Callback|Immediate|Timeout/i.test(name)).length,
      },
    ]),
  ];
  return () => {
    for (const back of undo) back();
    for (const name of ['nodejs_version_info', 'process_start_time_seconds']) {
      hub.meters.registry.removeSingleMetric(name);
    }
  };
}
