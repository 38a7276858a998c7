/**
 * Patterns that need no regexp engine: text, `.*`, `.+` and alternatives of these, which most label patterns are.
 * Prometheus finds such patterns as well (model/labels/regexp.go), from the engine's syntax tree; here they are read off the text.
 */

/** `.*` has `least` 0, `.+` has 1. */
export interface Wildcard {
  readonly least: 0 | 1;
}

/** Texts and wildcards in order; no two neighbours are of the same kind, no text is empty. */
export type Glob = readonly (string | Wildcard)[];

/** Beyond this many alternatives the engine's automaton is the better form. */
const MAX_GLOBS = 1024;

const META = new Set('\\.+*?()[]{}|^$');
const QUANTIFIERS = new Set('*+?{');

class TooComplex extends Error {}

/** The globs of which a text must match one as a whole; undefined if the pattern needs a regexp engine, or is malformed. */
export function globsOf(pattern: string): readonly Glob[] | undefined {
  const reader = new GlobReader(pattern);
  try {
    const globs = reader.alternatives();
    return reader.atEnd ? globs : undefined;
  } catch (error) {
    if (error instanceof TooComplex) return undefined;
    throw error;
  }
}

class GlobReader {
  private readonly pattern: string;
  private at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get atEnd(): boolean {
    return this.at === this.pattern.length;
  }

  alternatives(): Glob[] {
    const globs = this.sequence();
    while (this.take('|')) {
      globs.push(...this.sequence());
      if (globs.length > MAX_GLOBS) throw new TooComplex();
    }
    return globs;
  }

  private sequence(): Glob[] {
    let globs: Glob[] = [[]];
    while (!this.atEnd && this.pattern[this.at] !== '|' && this.pattern[this.at] !== ')') {
      const next = this.item();
      if (globs.length * next.length > MAX_GLOBS) throw new TooComplex();
      globs = globs.flatMap((head) => next.map((tail) => joined(head, tail)));
    }
    return globs;
  }

  private item(): Glob[] {
    if (this.take('(')) return this.group();
    if (this.take('.')) return [[this.wildcard()]];
    return [[this.text()]];
  }

  private group(): Glob[] {
    if (this.pattern[this.at] === '?' && !this.take('?:')) throw new TooComplex();
    const globs = this.alternatives();
    if (!this.take(')')) throw new TooComplex();
    this.refuseQuantifier();
    return globs;
  }

  /** A lazy wildcard matches the same texts. */
  private wildcard(): Wildcard {
    const least = this.take('*') ? 0 : this.take('+') ? 1 : undefined;
    if (least === undefined) throw new TooComplex();
    this.take('?');
    this.refuseQuantifier();
    return { least };
  }

  private text(): string {
    const start = this.at;
    while (!this.atEnd && !META.has(this.pattern[this.at]!)) this.at++;
    if (this.at > start && QUANTIFIERS.has(this.pattern[this.at] ?? '')) throw new TooComplex();
    return this.at > start ? this.pattern.slice(start, this.at) : this.escaped();
  }

  private escaped(): string {
    const char = this.pattern[this.at + 1] ?? '';
    if (!this.take('\\') || !META.has(char)) throw new TooComplex();
    this.at++;
    this.refuseQuantifier();
    return char;
  }

  private refuseQuantifier(): void {
    if (QUANTIFIERS.has(this.pattern[this.at] ?? '')) throw new TooComplex();
  }

  private take(text: string): boolean {
    if (!this.pattern.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }
}

function joined(head: Glob, tail: Glob): Glob {
  const last = head.at(-1);
  const [first, ...rest] = tail;
  if (last === undefined || first === undefined) return [...head, ...tail];
  if (typeof last === 'string') {
    return typeof first === 'string' ? [...head.slice(0, -1), last + first, ...rest] : [...head, ...tail];
  }
  if (typeof first === 'string') return [...head, ...tail];
  // Two that each want a character want two, and characters outside of the BMP make counting them more than a length.
  if (last.least + first.least > 1) throw new TooComplex();
  return [...head.slice(0, -1), last.least === 1 ? last : first, ...rest];
}

/** The whole set of texts that match, if it is finite. */
export function textsOf(globs: readonly Glob[]): ReadonlySet<string> | undefined {
  const texts = new Set<string>();
  for (const glob of globs) {
    if (glob.length > 1 || typeof glob[0] === 'object') return undefined;
    texts.add((glob[0] as string | undefined) ?? '');
  }
  return texts;
}

/** Whether a text matches any of the globs. */
export function globTest(globs: readonly Glob[]): (text: string) => boolean {
  const texts = textsOf(globs);
  if (texts?.size === 1) {
    const [only] = texts;
    return (text) => text === only;
  }
  if (texts) return (text) => texts.has(text);
  const tests = globs.map(testOf);
  return tests.length === 1 ? tests[0]! : (text) => tests.some((test) => test(text));
}

function testOf(glob: Glob): (text: string) => boolean {
  const [first, second, third] = glob;
  if (typeof first === 'object' && glob.length === 1) return ({ length }) => length >= first.least;
  if (typeof first === 'string' && typeof second === 'object' && glob.length === 2) {
    const shortest = first.length + second.least;
    return (text) => text.length >= shortest && text.startsWith(first);
  }
  if (typeof first === 'object' && typeof second === 'string' && glob.length === 2) {
    const shortest = second.length + first.least;
    return (text) => text.length >= shortest && text.endsWith(second);
  }
  const contained = typeof first === 'object' && typeof third === 'object' && glob.length === 3;
  if (contained && first.least + third.least === 0) return (text) => text.includes(second as string);
  return (text) => matches(glob, text);
}

/** Finds every text at its earliest place: what fits later fits then as well. */
function matches(glob: Glob, text: string): boolean {
  const last = glob.at(-1);
  let at = 0;
  let gap: Wildcard | undefined;
  for (let i = 0; i < glob.length; i++) {
    const part = glob[i]!;
    if (typeof part === 'object') {
      gap = part;
      continue;
    }
    if (i === glob.length - 1) return isTail(text, part, at, gap);
    const found = gap ? text.indexOf(part, at + gap.least) : text.startsWith(part, at) ? at : -1;
    if (found < 0) return false;
    at = found + part.length;
    gap = undefined;
  }
  return typeof last === 'object' ? text.length - at >= last.least : at === text.length;
}

function isTail(text: string, tail: string, from: number, gap: Wildcard | undefined): boolean {
  const start = text.length - tail.length;
  return (gap ? start >= from + gap.least : start === from) && text.endsWith(tail);
}
