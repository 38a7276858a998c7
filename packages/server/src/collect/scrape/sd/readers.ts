import type { YamlNode } from '../config/yaml-node.ts';
import { readKubernetesSd } from '../kubernetes/config.ts';
import { readDnsSd } from './dns.ts';
import { readFileSd } from './file.ts';
import { readHttpSd } from './http.ts';

/** Reads the configuration of each kind of discovery, by its key in a job; relative paths count from `dir`. */
export const discoveryReaders: Readonly<Record<string, (node: YamlNode, dir: string) => unknown>> = {
  file_sd_configs: readFileSd,
  http_sd_configs: readHttpSd,
  dns_sd_configs: readDnsSd,
  kubernetes_sd_configs: readKubernetesSd,
};
