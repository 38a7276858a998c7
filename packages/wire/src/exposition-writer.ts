import type { Labels } from './batch.ts';
import { METRIC_NAME } from './labels.ts';

/** One sample as it is shown; `timestamp` in whole Unix milliseconds. Labels hold the metric name, and may hold empty values. */
export interface ShownSample {
  readonly labels: Labels;
  readonly timestamp: number;
  readonly value: number;
}

/** A family and its samples, which are written in the order given. */
export interface ShownFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
  readonly samples: readonly ShownSample[];
}

/** How a name that is not of the classic kind is written: in quotes as it is, or with `_` for what is not allowed. */
export type NameEscaping = 'allow-utf-8' | 'underscores';

/** The name as a reader that knows only classic names takes it. */
export const classicName = (name: string): string => underscored(name);

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Prometheus' text exposition format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/), with names in
 * quotes where `escaping` allows them. '' for no family.
 */
export function encodeExposition(families: readonly ShownFamily[], escaping: NameEscaping): string {
  const names = new Names(escaping);
  let text = '';
  for (const { name, type, samples } of families) {
    text += `# TYPE ${names.metric(name)} ${type}\n`;
    for (const sample of samples) text += line(sample, names);
  }
  return text;
}

function line({ labels, timestamp, value }: ShownSample, names: Names): string {
  const name = names.metric(labels.get(METRIC_NAME) ?? '');
  const quoted = name.startsWith('"');
  const pairs = quoted ? [name] : [];
  for (const [label, text] of labels) if (label !== METRIC_NAME) pairs.push(`${names.label(label)}="${escaped(text)}"`);
  const braces = pairs.length > 0 ? `{${pairs.join(',')}}` : '';
  return `${quoted ? '' : name}${braces} ${numberText(value)} ${timestamp}\n`;
}

class Names {
  private readonly known = new Map<string, string>();

  constructor(private readonly escaping: NameEscaping) {}

  metric(name: string): string {
    return METRIC.test(name) ? name : this.other(name);
  }

  label(name: string): string {
    return LABEL.test(name) ? name : this.other(name);
  }

  private other(name: string): string {
    let text = this.known.get(name);
    if (text === undefined) {
      text = this.escaping === 'allow-utf-8' ? `"${escaped(name)}"` : underscored(name);
      this.known.set(name, text);
    }
    return text;
  }
}

/** Every character that is not allowed in its place becomes one underscore. */
function underscored(name: string): string {
  return name.replace(/[^a-zA-Z0-9_:]/gu, '_').replace(/^[0-9]/, '_');
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
