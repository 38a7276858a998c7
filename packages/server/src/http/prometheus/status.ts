import { availableParallelism, hostname } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Cardinality, Count } from '../../store/cardinality.ts';
import type { PrometheusDeps } from './deps.ts';
import { badData } from './failure.ts';
import type { Parameters } from './parameters.ts';
import { get, type Route } from './route.ts';
import { iso } from './times.ts';

/** The Prometheus whose language and API this is; clients decide by it what they may ask. */
const prometheusVersion = '3.14.0';

const most = 10_000;

function limitOf(parameters: Parameters): number {
  const text = parameters.text('limit');
  if (text === '') return 10;
  if (!/^\+?\d+$/.test(text) || Number(text) < 1) throw badData('limit must be a positive number');
  if (Number(text) > most) throw badData(`limit must not exceed ${most}`);
  return Number(text);
}

function tsdbAnswer(counts: Cardinality): object {
  const shown = (all: readonly Count[]) => all.map(({ name, value }) => ({ name, value }));
  return {
    headStats: {
      numSeries: counts.series,
      numLabelPairs: counts.labelPairs,
      chunkCount: counts.chunks,
      minTime: counts.minTime ?? 0,
      maxTime: counts.maxTime ?? 0,
    },
    seriesCountByMetricName: shown(counts.seriesByMetricName),
    labelValueCountByLabelName: shown(counts.valuesByLabelName),
    memoryInBytesByLabelName: shown(counts.bytesByLabelName),
    seriesCountByLabelValuePair: shown(counts.seriesByLabelPair),
  };
}

export const statusRoutes = ({ installation, cardinality, rules, now }: PrometheusDeps): Route[] => [
  get('/status/config', () => ({ data: { yaml: installation.configYaml } })),
  get('/status/flags', () => ({ data: installation.flags })),
  get('/status/buildinfo', () => ({
    data: {
      version: prometheusVersion,
      revision: installation.version,
      branch: 'nightshift',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    },
  })),
  get('/status/runtimeinfo', () => {
    const reload = rules.lastReload();
    return {
      data: {
        startTime: iso(installation.startedAt),
        CWD: process.cwd(),
        hostname: hostname(),
        serverTime: iso(now()),
        reloadConfigSuccess: reload.error === '',
        lastConfigTime: iso(reload.succeededAt),
        corruptionCount: 0,
        goroutineCount: 1,
        GOMAXPROCS: availableParallelism(),
        GOMEMLIMIT: getHeapStatistics().heap_size_limit,
        GOGC: '',
        GODEBUG: '',
        storageRetention: installation.retention,
      },
    };
  }),
  get('/status/tsdb', ({ parameters }) => ({ data: tsdbAnswer(cardinality(limitOf(parameters))) })),
  // The engine keeps no blocks in Prometheus' sense.
  get('/status/tsdb/blocks', () => ({ data: { blocks: [] } })),
  // The journal has been replayed before anything is answered.
  get('/status/walreplay', () => ({ data: { min: 0, max: 0, current: 0 } })),
  get('/features', () => ({ data: installation.features })),
  get('/notifications', () => {
    const { error, failedAt } = rules.lastReload();
    if (error === '') return { data: [] };
    return { data: [{ text: 'Configuration reload has failed.', date: iso(failedAt), active: true }] };
  }),
];
