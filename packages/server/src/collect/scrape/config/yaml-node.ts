import { durationMs, durationPattern } from '../../../config/duration.ts';
import { nearest } from '../../../config/nearest.ts';
import { type Path, readYamlDocument, type YamlDocument, YamlError } from '../../../config/yaml-document.ts';
import { sizeOf } from './size.ts';

/** A file of the scrape configuration is refused as a whole; `offences` has every mistake as `file:line: key: what is wrong`. */
export class ScrapeConfigError extends Error {
  override readonly name = 'ScrapeConfigError';
  constructor(readonly offences: readonly string[]) {
    super(offences.join('\n'));
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const quoted = (text: string): string => JSON.stringify(text);

// What YAML 1.1 takes for true and false, as Prometheus does.
const truths = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const falsehoods = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;

/** A key's full name, such as `scrape_configs[0].job_name`. */
const keyOf = (path: Path): string =>
  path.reduce<string>(
    (key, step) => (typeof step === 'number' ? `${key}[${step}]` : key ? `${key}.${step}` : step),
    '',
  );

/** What is wrong in one file, gathered while it is read. */
export class Offences {
  readonly #found: { line: number; text: string }[] = [];

  constructor(
    private readonly file: string,
    private readonly document: YamlDocument,
  ) {}

  add(path: Path, message: string): void {
    const line = this.document.line(path);
    const key = keyOf(path);
    this.#found.push({ line, text: `${this.file}:${line}: ${key === '' ? '' : `${key}: `}${message}` });
  }

  /** In the order of the file. */
  list(): string[] {
    return this.#found.sort((a, b) => a.line - b.line).map(({ text }) => text);
  }
}

/** A value of a YAML file with its place. A reader that does not find what it wants says so to `offences` and goes on. */
export class YamlNode {
  constructor(
    readonly value: unknown,
    readonly path: Path,
    private readonly offences: Offences,
  ) {}

  /** Whether the key is written at all. */
  get isGiven(): boolean {
    return this.value !== undefined;
  }

  get isEmpty(): boolean {
    return this.value === undefined || this.value === '';
  }

  fail(message: string): void {
    this.offences.add(this.path, message);
  }

  /** Says that a map has keys which are not among `known`, each with the nearest right one. */
  expectKeys(known: readonly string[], unknownHint: (key: string) => string = () => ''): this {
    if (this.isEmpty) return this;
    if (!isMap(this.value)) {
      this.fail(`must be a map of ${known.join(', ')}`);
      return this;
    }
    for (const key of Object.keys(this.value)) {
      if (known.includes(key)) continue;
      const right = nearest(key, known);
      const hint = unknownHint(key) || (right ? `did you mean \`${right}\`?` : `allowed here: ${known.join(', ')}`);
      this.offences.add([...this.path, key], `there is no such key; ${hint}`);
    }
    return this;
  }

  get(key: string): YamlNode {
    const value = isMap(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new YamlNode(value, [...this.path, key], this.offences);
  }

  items(): YamlNode[] {
    if (this.isEmpty) return [];
    if (!Array.isArray(this.value)) {
      this.fail('must be a list');
      return [];
    }
    return this.value.map((item, i) => new YamlNode(item, [...this.path, i], this.offences));
  }

  entries(): [string, YamlNode][] {
    if (this.isEmpty) return [];
    if (!isMap(this.value)) {
      this.fail('must be a map');
      return [];
    }
    return Object.keys(this.value).map((key) => [key, this.get(key)]);
  }

  text(fallback = ''): string {
    if (this.value === undefined) return fallback;
    if (typeof this.value === 'string') return this.value;
    this.fail('must be a text');
    return fallback;
  }

  texts(): string[] {
    return this.items().map((item) => item.text());
  }

  /** A map of texts. */
  textMap(): Map<string, string> {
    return new Map(this.entries().map(([key, value]) => [key, value.text()]));
  }

  flag<T>(fallback: T): boolean | T {
    const text = this.text();
    if (text === '') return fallback;
    if (truths.test(text)) return true;
    if (!falsehoods.test(text)) this.fail(`${quoted(text)} is not true or false`);
    return false;
  }

  /** A whole number from 0. */
  count(fallback = 0): number {
    const text = this.text();
    if (text === '') return fallback;
    if (/^\d{1,15}$/.test(text)) return Number(text);
    this.fail(`${quoted(text)} is not a whole number, 0 or more`);
    return fallback;
  }

  float(fallback = 0): number {
    const text = this.text();
    if (text === '') return fallback;
    if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
    this.fail(`${quoted(text)} is not a number`);
    return fallback;
  }

  /** Milliseconds. */
  duration(fallback: number): number {
    const text = this.text();
    if (text === '') return fallback;
    if (durationPattern.test(text)) return durationMs(text);
    this.fail(`${quoted(text)} is not a duration such as 30s or 5m`);
    return fallback;
  }

  /** Bytes. */
  size(fallback = 0): number {
    const text = this.text();
    if (text === '') return fallback;
    const bytes = sizeOf(text);
    if (bytes === undefined) this.fail(`${quoted(text)} is not a size such as 10MB; a unit is needed`);
    return bytes ?? fallback;
  }

  oneOf<T extends string>(allowed: readonly T[], fallback: T): T {
    const text = this.text();
    if (text === '') return fallback;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    this.fail(`${quoted(text)} is not one of ${allowed.join(', ')}`);
    return fallback;
  }
}

/** Reads the first document of a file and what `read` makes of it. Throws ScrapeConfigError with every mistake. */
export function readYaml<T>(text: string, file: string, read: (root: YamlNode) => T): T {
  let document: YamlDocument;
  try {
    document = readYamlDocument(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new ScrapeConfigError(error.mistakes.map(({ line, message }) => `${file}:${line}: ${message}`));
  }
  const offences = new Offences(file, document);
  const result = read(new YamlNode(document.content, [], offences));
  const list = offences.list();
  if (list.length > 0) throw new ScrapeConfigError(list);
  return result;
}
