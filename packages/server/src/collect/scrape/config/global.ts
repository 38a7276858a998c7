import { isLabelName, type NameValidation } from '../../relabel/rule.ts';
import { absolute } from './http-client.ts';
import {
  defaultGlobal,
  type EscapingScheme,
  escapingSchemes,
  type GlobalConfig,
  type SampleLimits,
  type ScrapeProtocol,
  scrapeProtocols,
} from './types.ts';
import type { YamlNode } from './yaml-node.ts';

const limitKeys = {
  samples: 'sample_limit',
  targets: 'target_limit',
  labels: 'label_limit',
  labelNameLength: 'label_name_length_limit',
  labelValueLength: 'label_value_length_limit',
  keptDroppedTargets: 'keep_dropped_targets',
} as const;

/** Keys that stand in `global` as well as in a job. */
export const inheritedKeys: readonly string[] = [
  'scrape_interval',
  'scrape_timeout',
  'scrape_protocols',
  'scrape_failure_log_file',
  'body_size_limit',
  'metric_name_validation_scheme',
  'metric_name_escaping_scheme',
  'scrape_native_histograms',
  'convert_classic_histograms_to_nhcb',
  'always_scrape_classic_histograms',
  'extra_scrape_metrics',
  ...Object.values(limitKeys),
];

const globalKeys = [...inheritedKeys, 'evaluation_interval', 'rule_query_offset', 'query_log_file', 'external_labels'];

/** 0 stands for what is above. */
export function readLimits(node: YamlNode, above: SampleLimits): SampleLimits {
  const entries = Object.entries(limitKeys).map(([name, key]) => {
    return [name, node.get(key).count() || above[name as keyof typeof limitKeys]] as const;
  });
  const limits = Object.fromEntries(entries) as unknown as Omit<SampleLimits, 'bodyBytes'>;
  return { ...limits, bodyBytes: node.get('body_size_limit').size() || above.bodyBytes };
}

/** Undefined where the key is left out. */
export function readProtocols(node: YamlNode): readonly ScrapeProtocol[] | undefined {
  if (!node.isGiven) return undefined;
  const items = node.items();
  if (items.length === 0) node.fail('scrape_protocols cannot be empty');
  const found: ScrapeProtocol[] = [];
  for (const item of items) {
    const text = item.text();
    if (found.some((other) => other.toLowerCase() === text.toLowerCase())) {
      item.fail(`duplicated protocol in scrape_protocols: ${text}`);
    } else found.push(item.oneOf(scrapeProtocols, 'PrometheusText0.0.4'));
  }
  return found;
}

/** '' where the key is left out. */
export const readValidation = (node: YamlNode): NameValidation | '' => node.oneOf(['', 'legacy', 'utf8'], '');

export const readEscaping = (node: YamlNode): EscapingScheme | '' => node.oneOf(['', ...escapingSchemes], '');

/** The interval, and a time-out that is not longer. */
export function readTimes(node: YamlNode, above: Pick<GlobalConfig, 'intervalMs' | 'timeoutMs'>, what: string) {
  const intervalMs = node.get('scrape_interval').duration(0) || above.intervalMs;
  const timeoutMs = node.get('scrape_timeout').duration(0) || Math.min(above.timeoutMs, intervalMs);
  if (timeoutMs > intervalMs) node.get('scrape_timeout').fail(`scrape timeout greater than scrape interval${what}`);
  return { intervalMs, timeoutMs };
}

function readExternalLabels(node: YamlNode, validation: NameValidation): Map<string, string> {
  const labels = node.textMap();
  for (const name of labels.keys()) {
    if (!isLabelName(name, validation)) node.get(name).fail(`${JSON.stringify(name)} is not a valid label name`);
  }
  return labels;
}

/** Reads `global`. What is said of rules and queries is accepted. */
export function readGlobal(node: YamlNode, dir = ''): GlobalConfig {
  node.expectKeys(globalKeys);
  const nameValidation = readValidation(node.get('metric_name_validation_scheme')) || defaultGlobal.nameValidation;
  const escaping = readEscaping(node.get('metric_name_escaping_scheme'));
  node.get('evaluation_interval').duration(0);
  node.get('rule_query_offset').duration(0);
  return {
    ...readTimes(node, defaultGlobal, ''),
    limits: readLimits(node, defaultGlobal.limits),
    protocols: readProtocols(node.get('scrape_protocols')),
    nameValidation,
    escaping: escaping || (nameValidation === 'legacy' ? 'underscores' : 'allow-utf-8'),
    nativeHistograms: node.get('scrape_native_histograms').flag(false),
    classicToCustomBuckets: node.get('convert_classic_histograms_to_nhcb').flag(false),
    alwaysClassicHistograms: node.get('always_scrape_classic_histograms').flag(false),
    extraMetrics: node.get('extra_scrape_metrics').flag(false),
    failureLogFile: absolute(dir, node.get('scrape_failure_log_file').text()),
    externalLabels: readExternalLabels(node.get('external_labels'), nameValidation),
  };
}
