import type { CardinalityMetric } from '@nightshift/server/api';

export interface Remedy {
  title: string;
  /** What it does, and what it costs. */
  words: string;
  /** YAML to copy. */
  snippet: string;
}

/** Controls and direction marks, which would show a text in another order than it has, written out. */
export const written = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });

/** A text as a YAML scalar in double quotes, which is what JSON writes. */
const quoted = (text: string): string => written(JSON.stringify(text));

/** An RE2 pattern of exactly this text. */
export const literalPattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** A selector of the series of one metric. */
export const metricSelector = (name: string): string => `{__name__=${JSON.stringify(name)}}`;

/** A selector of the series with one value of a label. */
export const pairSelector = (name: string, value: string): string =>
  `{${/^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(value)}}`;

const rule = (lines: readonly string[]): string => ['metric_relabel_configs:', ...lines].join('\n');

/** Labels that say where a series comes from: without them different targets become one. */
const identity = new Set(['__name__', 'job', 'instance', 'le', 'quantile', 'service', 'service_name']);

/** The label that should go, if one should: the one with the most values that is not needed to tell sources apart. */
export const suspectOf = ({ labels }: CardinalityMetric): CardinalityMetric['labels'][number] | undefined =>
  labels.find(({ name }) => !identity.has(name));

/** What can be done about a metric with too many series, the gentlest first. */
export function remediesFor(metric: CardinalityMetric): Remedy[] {
  const { name } = metric;
  const regex = quoted(literalPattern(name));
  const suspect = suspectOf(metric);
  const remedies: Remedy[] = [];
  if (suspect) {
    const left = Math.max(1, Math.round(metric.series / suspect.values));
    remedies.push({
      title: `Drop the label ${written(suspect.name)}`,
      words: `Leaves about ${left.toLocaleString('en')} of ${metric.series.toLocaleString('en')} series. Best done where the application sets the label: here, series of one target that differ in nothing else fall together, and only one sample of each scrape is kept.`,
      snippet: rule([
        '  - source_labels: [__name__]',
        `    regex: ${regex}`,
        `    target_label: ${quoted(suspect.name)}`,
        '    replacement: ""',
      ]),
    });
  }
  remedies.push({
    title: 'Drop the metric',
    words: 'For what nobody looks at. What is stored stays until its retention ends.',
    snippet: rule(['  - source_labels: [__name__]', `    regex: ${regex}`, '    action: drop']),
  });
  remedies.push({
    title: 'Keep it for a shorter time',
    words:
      'In nightshift.yaml; takes effect with SIGHUP or POST /-/reload. The number of series at a time stays as it is.',
    snippet: ['retention:', '  metricRules:', `    - match: ${regex}`, '      keep: 2d'].join('\n'),
  });
  return remedies;
}
