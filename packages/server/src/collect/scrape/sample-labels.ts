import type { Labels } from '@nightshift/wire';
import { defaultLimits } from '../limits.ts';
import { LabelBuilder } from '../relabel/label-builder.ts';
import type { Relabelling } from '../relabel/relabel.ts';
import { isLabelName, type NameValidation } from '../relabel/rule.ts';
import type { SampleLimits } from './config/types.ts';

/** How the labels that a target exposes become those that are stored. */
export interface SampleLabelling {
  readonly targetLabels: Labels;
  readonly honorLabels: boolean;
  readonly relabelling: Relabelling;
  readonly limits: SampleLimits;
  readonly nameValidation: NameValidation;
}

/** A label that the target has too is kept as `exported_NAME`, the shortest name first (scrape/scrape.go). */
function keepExported(builder: LabelBuilder, clashing: readonly (readonly [string, string])[]): void {
  for (const [name, value] of [...clashing].sort(([a], [b]) => a.length - b.length)) {
    let exported = `exported_${name}`;
    while (builder.get(exported) !== '') exported = `exported_${exported}`;
    builder.set(exported, value);
  }
}

function withTargetLabels(scraped: Labels, { targetLabels, honorLabels }: SampleLabelling): LabelBuilder {
  const builder = new LabelBuilder().reset(scraped);
  if (honorLabels) {
    for (const [name, value] of targetLabels) if (!scraped.has(name)) builder.set(name, value);
    return builder;
  }
  const clashing: [string, string][] = [];
  for (const [name, value] of targetLabels) {
    const exposed = scraped.get(name);
    if (exposed !== undefined) clashing.push([name, exposed]);
    builder.set(name, value);
  }
  keepExported(builder, clashing);
  return builder;
}

/** Texts of at most 50 characters, for messages. */
const short = (text: string): string => text.slice(0, 50);

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** What of the labels is beyond a limit, in Prometheus' words; '' for nothing. Nightshift's own limits hold where none is set. */
function limitMistake(labels: Labels, limits: SampleLimits): string {
  const metric = short(labels.get('__name__') ?? '');
  const most = limits.labels || defaultLimits.labelsPerSeries;
  if (labels.size > most) {
    return `label_limit exceeded (metric: ${metric}, number of labels: ${labels.size}, limit: ${most})`;
  }
  const nameLimit = limits.labelNameLength || defaultLimits.labelNameLength;
  const valueLimit = limits.labelValueLength || defaultLimits.labelValueLength;
  for (const [name, value] of labels) {
    const place = `metric: ${metric}, label name: ${short(name)}`;
    if (name.length > nameLimit || bytesOf(name) > nameLimit) {
      return `label_name_length_limit exceeded (${place}, length: ${bytesOf(name)}, limit: ${nameLimit})`;
    }
    if (value.length > valueLimit || bytesOf(value) > valueLimit) {
      const shown = JSON.stringify(short(value));
      return `label_value_length_limit exceeded (${place}, value: ${shown}, length: ${bytesOf(value)}, limit: ${valueLimit})`;
    }
  }
  return '';
}

function nameMistake(labels: Labels, validation: NameValidation): string {
  const name = labels.get('__name__');
  if (name === undefined) return 'missing metric name (__name__ label)';
  const metricName = validation === 'utf8' ? isLabelName(name, 'utf8') : /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  if (metricName && [...labels.keys()].every((label) => isLabelName(label, validation))) return '';
  const shown = [...labels]
    .filter(([label]) => label !== '__name__')
    .map(([label, value]) => `${label}=${JSON.stringify(short(value))}`);
  return `invalid metric name or label names: ${short(name)}{${shown.join(', ')}}`;
}

/** The labels to store; undefined for a series that relabelling drops. Throws an Error with the reason where the scrape must fail. */
export function labelsToStore(scraped: Labels, labelling: SampleLabelling): Labels | undefined {
  const builder = withTargetLabels(scraped, labelling);
  if (!labelling.relabelling.change(builder)) return undefined;
  const labels = builder.labels();
  if (labels.size === 0) return undefined;
  const mistake = nameMistake(labels, labelling.nameValidation) || limitMistake(labels, labelling.limits);
  if (mistake !== '') throw new Error(mistake);
  return labels;
}
