import { type Expr, parse, parseDuration } from '@nightshift/promql';
import { isMap, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { z } from 'zod';

/** A rule of a Prometheus rule file. `forMs` and `keepFiringMs` are milliseconds. */
export interface AlertingRule {
  readonly kind: 'alerting';
  readonly name: string;
  readonly query: string;
  readonly expr: Expr;
  readonly forMs: number;
  readonly keepFiringMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly kind: 'recording';
  readonly name: string;
  readonly query: string;
  readonly expr: Expr;
  readonly labels: Readonly<Record<string, string>>;
}

export type Rule = AlertingRule | RecordingRule;

export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  /** Milliseconds between evaluations. */
  readonly intervalMs: number;
  readonly rules: readonly Rule[];
}

/** A rule file is refused as a whole; `offences` has every mistake as `file:line: what is wrong`. */
export class RuleFileError extends Error {
  override readonly name = 'RuleFileError';
  constructor(readonly offences: readonly string[]) {
    super(offences.join('\n'));
  }
}

const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a duration such as 30s or 5m` });
    return z.NEVER;
  }
});
const labelSet = z
  .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'is not a label name'), z.coerce.string())
  .default({});

const ruleSchema = z
  .strictObject({
    alert: z.string().min(1).optional(),
    record: z
      .string()
      .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'is not a metric name')
      .optional(),
    expr: z.coerce.string().min(1),
    for: duration.optional(),
    keep_firing_for: duration.optional(),
    labels: labelSet,
    annotations: labelSet,
  })
  .superRefine((rule, context) => {
    const issue = (message: string) => context.addIssue({ code: 'custom', message });
    if ((rule.alert === undefined) === (rule.record === undefined)) issue('needs exactly one of `alert` and `record`');
    if (rule.record !== undefined && (rule.for !== undefined || rule.keep_firing_for !== undefined)) {
      issue('`for` and `keep_firing_for` belong to alerts only');
    }
  });

const fileSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        interval: duration.optional(),
        limit: z.number().int().min(0).optional(),
        query_offset: duration.optional(),
        labels: labelSet,
        rules: z.array(ruleSchema).default([]),
      }),
    )
    .default([]),
});

type ParsedRule = z.infer<typeof ruleSchema>;

function toRule(rule: ParsedRule, groupLabels: Readonly<Record<string, string>>): Rule {
  const labels = { ...groupLabels, ...rule.labels };
  const expr = parse(rule.expr);
  if (rule.record !== undefined) return { kind: 'recording', name: rule.record, query: rule.expr, expr, labels };
  return {
    kind: 'alerting',
    name: rule.alert ?? '',
    query: rule.expr,
    expr,
    forMs: rule.for ?? 0,
    keepFiringMs: rule.keep_firing_for ?? 0,
    labels,
    annotations: rule.annotations,
  };
}

/** The line of a path in the document, or of its nearest parent that exists. */
function lineOf(root: unknown, path: readonly PropertyKey[], counter: LineCounter): number {
  let node = root;
  let offset = 0;
  for (const key of path) {
    const pair = isMap(node) ? (node as YAMLMap).items.find((item) => String(item.key) === String(key)) : undefined;
    const next = pair ? pair.value : isSeq(node) ? node.items[Number(key)] : undefined;
    const at = (pair?.key ?? next) as { range?: [number, number, number] } | null | undefined;
    if (at?.range) offset = at.range[0];
    if (next === undefined) break;
    node = next;
  }
  return counter.linePos(offset).line;
}

/** An alias without its anchor only shows when the document is turned into a value. */
function contentOf(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new RuleFileError([`${file}: ${error instanceof Error ? error.message : error}`]);
  }
}

/**
 * Reads a rule file in Prometheus' format. Throws RuleFileError with all mistakes: YAML, unknown keys, durations, and
 * expressions that do not parse.
 */
export function parseRuleFile(text: string, file: string, defaultIntervalMs: number): RuleGroup[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new RuleFileError(
      document.errors.map((e) => `${file}:${counter.linePos(e.pos[0]).line}: ${e.message.split('\n')[0]}`),
    );
  }
  const at = (path: readonly PropertyKey[]) => `${file}:${lineOf(document.contents, path, counter)}`;
  const parsed = fileSchema.safeParse(contentOf(document, file) ?? {});
  if (!parsed.success) {
    throw new RuleFileError(
      parsed.error.issues.map((issue) => `${at(issue.path)}: ${issue.path.join('.')}: ${issue.message}`),
    );
  }
  const offences: string[] = [];
  const names = new Set<string>();
  const groups = parsed.data.groups.map((group, g): RuleGroup => {
    if (names.has(group.name))
      offences.push(`${at(['groups', g])}: the group name ${JSON.stringify(group.name)} is repeated`);
    names.add(group.name);
    const rules = group.rules.flatMap((rule, r): Rule[] => {
      try {
        return [toRule(rule, group.labels)];
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        offences.push(`${at(['groups', g, 'rules', r, 'expr'])}: could not parse the expression: ${message}`);
        return [];
      }
    });
    return { name: group.name, file, intervalMs: group.interval ?? defaultIntervalMs, rules };
  });
  if (offences.length > 0) throw new RuleFileError(offences);
  return groups;
}
