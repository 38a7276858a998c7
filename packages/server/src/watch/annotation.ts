import { formatValue } from '@nightshift/promql';
import type { Labels } from '@nightshift/wire';

const action = /\{\{-?\s*(?:\$labels\.|\.Labels\.)(\w+)\s*-?\}\}|\{\{-?\s*(?:\$value|\.Value)\s*-?\}\}/g;

/** Fills `{{ $labels.NAME }}` and `{{ $value }}` of a Prometheus annotation or label; other template actions stay as they are. */
export function fillTemplate(template: string, labels: Labels, value: number): string {
  return template.replace(action, (_, name: string | undefined) =>
    name === undefined ? formatValue(value) : (labels.get(name) ?? ''),
  );
}
