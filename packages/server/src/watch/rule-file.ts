import { type Expr, type PromqlFeatures, PromqlParseError, parse, parseDuration } from '@nightshift/promql';
import { nearest } from '../config/nearest.ts';
import { describeParseError } from '../query/features.ts';
import { type Path, type RuleDocument, readRuleDocument, YamlError } from './rule-document.ts';
import { templateMistake } from './template-check.ts';

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
  /** Series or alerts that one rule may give; 0 for any number. */
  readonly limit: number;
  /** Milliseconds that the expressions are evaluated in the past, for samples that come late. */
  readonly queryOffsetMs: number;
  readonly rules: readonly Rule[];
}

/** A rule file is refused as a whole; `offences` has every mistake as `file:line: what is wrong`. */
export class RuleFileError extends Error {
  override readonly name = 'RuleFileError';
  constructor(readonly offences: readonly string[]) {
    super(offences.join('\n'));
  }
}

const groupKeys = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules'];
const ruleKeys = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

const quoted = (text: string): string => JSON.stringify(text);

type Fields = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads one file and gathers what is wrong, so that a person sees all of it at once. */
class Reader {
  readonly offences: string[] = [];

  constructor(
    private readonly document: RuleDocument,
    private readonly file: string,
    private readonly defaultIntervalMs: number,
    private readonly features: Partial<PromqlFeatures>,
  ) {}

  /** `place` names group and rule in words, '' for the file. */
  private offend(path: Path, place: string, message: string): void {
    this.offences.push(`${this.file}:${this.document.line(path)}: ${place === '' ? '' : `${place}: `}${message}`);
  }

  private map(value: unknown, path: Path, place: string, known: readonly string[]): Fields {
    if (value === '' || value === undefined) return {};
    if (!isMap(value)) {
      this.offend(path, place, `must be a map of ${known.join(', ')}`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const right = nearest(key, known);
      const hint = right ? `did you mean \`${right}\`?` : `allowed here: ${known.join(', ')}`;
      this.offend([...path, key], place, `there is no key \`${key}\`; ${hint}`);
    }
    return value;
  }

  private list(value: unknown, path: Path, place: string, key: string): readonly unknown[] {
    if (value === undefined || value === '') return [];
    if (Array.isArray(value)) return value;
    this.offend(path, place, `\`${key}\` must be a list`);
    return [];
  }

  private text(fields: Fields, key: string, path: Path, place: string): string {
    const value = fields[key];
    if (value === undefined || typeof value === 'string') return value ?? '';
    this.offend([...path, key], place, `\`${key}\` must be a text`);
    return '';
  }

  /** Milliseconds, `fallback` where the key is absent. */
  private duration(fields: Fields, key: string, path: Path, place: string, fallback: number): number {
    const text = this.text(fields, key, path, place);
    if (text === '') return fallback;
    try {
      return parseDuration(text);
    } catch {
      this.offend([...path, key], place, `\`${key}\`: ${quoted(text)} is not a duration such as 30s or 5m`);
      return fallback;
    }
  }

  private limit(fields: Fields, path: Path, place: string): number {
    const text = this.text(fields, 'limit', path, place);
    if (text === '' || /^\d{1,9}$/.test(text)) return Number(text);
    this.offend([...path, 'limit'], place, `\`limit\`: ${quoted(text)} is not a whole number, 0 for no limit`);
    return 0;
  }

  /** Labels or annotations; `metricName` says whether `__name__` may be among them. */
  private texts(fields: Fields, key: string, path: Path, place: string, metricName: boolean): Record<string, string> {
    const value = fields[key];
    if (value === undefined || value === '') return {};
    if (!isMap(value)) {
      this.offend([...path, key], place, `\`${key}\` must be a map of texts`);
      return {};
    }
    const found: [string, string][] = [];
    for (const [name, text] of Object.entries(value)) {
      const at = [...path, key, name];
      if (typeof text !== 'string') this.offend(at, place, `\`${key}.${name}\` must be a text`);
      else if (name === '' || /\p{Cs}/u.test(name) || (name === '__name__' && !metricName))
        this.offend(at, place, `\`${key}\`: ${quoted(name)} is not a name that can be set here`);
      else found.push([name, text]);
    }
    return Object.fromEntries(found);
  }

  private templates(texts: Readonly<Record<string, string>>, key: string, path: Path, place: string): void {
    for (const [name, text] of Object.entries(texts)) {
      const mistake = templateMistake(text);
      if (mistake !== '') this.offend([...path, key, name], place, `\`${key}.${name}\`: ${mistake}`);
    }
  }

  private expression(query: string, path: Path, place: string): Expr | undefined {
    if (query === '') {
      this.offend(path, place, '`expr` must be set');
      return undefined;
    }
    try {
      return parse(query, this.features);
    } catch (error) {
      if (!(error instanceof PromqlParseError)) throw error;
      this.offend([...path, 'expr'], place, `could not parse the expression: ${describeParseError(error)}`);
      return undefined;
    }
  }

  private recordingMistakes(fields: Fields, name: string, path: Path, place: string): void {
    for (const key of ['for', 'keep_firing_for', 'annotations']) {
      if (fields[key] !== undefined && fields[key] !== '')
        this.offend([...path, key], place, `\`${key}\` belongs to alerts only`);
    }
    if (/[{}]/.test(name))
      this.offend(
        [...path, 'record'],
        place,
        `\`record\`: braces in the name ${quoted(name)}; should it be in \`expr\`?`,
      );
    else if (/\p{Cs}/u.test(name)) this.offend([...path, 'record'], place, `\`record\` is not a metric name`);
  }

  private rule(value: unknown, path: Path, group: string, position: number, groupLabels: Fields): Rule | undefined {
    const given = isMap(value) ? (value.alert ?? value.record) : undefined;
    const title = typeof given === 'string' && given !== '' ? ` ${quoted(given)}` : '';
    const place = `${group}, rule ${position}${title}`;
    const fields = this.map(value, path, place, ruleKeys);
    const record = this.text(fields, 'record', path, place);
    const alert = this.text(fields, 'alert', path, place);
    if ((record === '') === (alert === '')) this.offend(path, place, 'needs exactly one of `alert` and `record`');
    const query = this.text(fields, 'expr', path, place);
    const expr = this.expression(query, path, place);
    const forMs = this.duration(fields, 'for', path, place, 0);
    const keepFiringMs = this.duration(fields, 'keep_firing_for', path, place, 0);
    const own = this.texts(fields, 'labels', path, place, false);
    const annotations = this.texts(fields, 'annotations', path, place, true);
    if (record !== '') this.recordingMistakes(fields, record, path, place);
    if (alert !== '') {
      this.templates(own, 'labels', path, place);
      this.templates(annotations, 'annotations', path, place);
    }
    if (!expr) return undefined;
    const labels = { ...(groupLabels as Record<string, string>), ...own };
    if (record !== '') return { kind: 'recording', name: record, query, expr, labels };
    return { kind: 'alerting', name: alert, query, expr, forMs, keepFiringMs, labels, annotations };
  }

  private group(value: unknown, index: number): RuleGroup {
    const path = ['groups', index];
    const given = isMap(value) ? value.name : undefined;
    const place = typeof given === 'string' && given !== '' ? `group ${quoted(given)}` : `group ${index + 1}`;
    const fields = this.map(value, path, place, groupKeys);
    const name = this.text(fields, 'name', path, place);
    if (name === '') this.offend(path, place, '`name` must be set');
    const labels = this.texts(fields, 'labels', path, place, false);
    const rules = this.list(fields.rules, [...path, 'rules'], place, 'rules');
    return {
      name,
      file: this.file,
      intervalMs: this.duration(fields, 'interval', path, place, 0) || this.defaultIntervalMs,
      queryOffsetMs: this.duration(fields, 'query_offset', path, place, 0),
      limit: this.limit(fields, path, place),
      rules: rules.flatMap((rule, i) => this.rule(rule, [...path, 'rules', i], place, i + 1, labels) ?? []),
    };
  }

  groups(): RuleGroup[] {
    const fields = this.map(this.document.content, [], '', ['groups']);
    const groups = this.list(fields.groups, ['groups'], '', 'groups').map((group, i) => this.group(group, i));
    const seen = new Set<string>();
    groups.forEach(({ name }, i) => {
      if (name !== '' && seen.has(name)) this.offend(['groups', i], '', `the group name ${quoted(name)} is repeated`);
      seen.add(name);
    });
    return groups;
  }
}

/**
 * Reads a rule file in Prometheus' format; of several documents in it the first, as there. Throws RuleFileError with all
 * mistakes: YAML, unknown keys, values that are none, and expressions that do not parse.
 */
export function parseRuleFile(
  text: string,
  file: string,
  defaultIntervalMs: number,
  features: Partial<PromqlFeatures> = {},
): RuleGroup[] {
  let document: RuleDocument;
  try {
    document = readRuleDocument(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new RuleFileError(error.mistakes.map(({ line, message }) => `${file}:${line}: ${message}`));
  }
  const reader = new Reader(document, file, defaultIntervalMs, features);
  const groups = reader.groups();
  if (reader.offences.length > 0) throw new RuleFileError(inOrder(reader.offences));
  return groups;
}

const lineOf = (offence: string): number => Number(/:(\d+): /.exec(offence)?.[1] ?? 0);

const inOrder = (offences: readonly string[]): string[] => [...offences].sort((a, b) => lineOf(a) - lineOf(b));
