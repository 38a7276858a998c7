import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { absolute } from '../config/http-client.ts';
import { readYaml, type YamlNode } from '../config/yaml-node.ts';
import type { Discovery, TargetGroup } from '../discovery.ts';
import { filesOf } from './glob.ts';
import { refreshing } from './refresh.ts';
import { parseGroups, readGroup, withLabel } from './target-groups.ts';

export interface FileSdConfig {
  /** Absolute paths, each perhaps with `*` in its last part. */
  readonly files: readonly string[];
  readonly refreshMs: number;
}

const usable = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

export function readFileSd(node: YamlNode, dir: string): FileSdConfig {
  node.expectKeys(['files', 'refresh_interval']);
  const files = node.get('files').items();
  if (files.length === 0) node.fail('file service discovery config must contain at least one path name');
  for (const file of files) {
    if (!usable.test(file.text()))
      file.fail(`path name ${JSON.stringify(file.text())} is not valid for file discovery`);
  }
  return {
    files: files.map((file) => absolute(dir, file.text())),
    refreshMs: node.get('refresh_interval').duration(300_000) || 300_000,
  };
}

const sourceOf = (file: string) => (i: number) => `${file}:${i}`;

async function readGroups(file: string): Promise<TargetGroup[]> {
  const text = await readFile(file, 'utf8');
  const groups =
    extname(file).toLowerCase() === '.json'
      ? parseGroups(text, sourceOf(file))
      : readYaml(text, file, (root) => root.items().map((item, i) => readGroup(item, sourceOf(file)(i))));
  return withLabel(groups, '__meta_filepath', file);
}

/** How long a change is waited for to be complete: editors and deployments write in several steps. */
const settleMs = 50;

/**
 * Target groups in JSON and YAML files (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config),
 * read again as soon as one of their directories changes, and every `refreshMs` in case nobody told. A file that cannot be
 * read keeps what it said last; one that is gone ends its groups.
 */
export function fileDiscovery(config: FileSdConfig): Discovery {
  const last = new Map<string, TargetGroup[]>();
  const look = async () => {
    const failures: string[] = [];
    const files = [...new Set(config.files.flatMap(filesOf))];
    for (const file of files) {
      try {
        last.set(file, await readGroups(file));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') last.delete(file);
        else failures.push(`${file}: ${error instanceof Error ? error.message : error}`);
      }
    }
    for (const file of last.keys()) if (!files.includes(file)) last.delete(file);
    return { groups: [...last.values()].flat(), failures };
  };
  const refresh = refreshing(config.refreshMs, look);
  let watchers: FSWatcher[] = [];
  let settling: NodeJS.Timeout | undefined;
  const soon = () => {
    clearTimeout(settling);
    settling = setTimeout(refresh.again, settleMs);
  };
  return {
    start: (found, failed) => {
      watchers = [...new Set(config.files.map(dirname))].flatMap((dir) => watching(dir, soon));
      refresh.start(found, failed);
    },
    close: async () => {
      for (const watcher of watchers) watcher.close();
      clearTimeout(settling);
      await refresh.close();
    },
  };
}

/** A directory that is not there yet, or that cannot be watched, is looked at by the clock alone. */
function watching(dir: string, changed: () => void): FSWatcher[] {
  try {
    return [watch(dir, { persistent: false }, changed).on('error', () => {})];
  } catch {
    return [];
  }
}
