import { classify, OTHER } from './classify.ts';
import { normalise } from './normalise.ts';
import type { Dialect } from './tokenizer.ts';

/** What is known of a statement's text. */
export interface Statement {
  /** `SELECT users`: the operation and its main table. */
  readonly name: string;
  readonly operation: string;
  /** '' where there is none. */
  readonly collection: string;
  /** Without literals, comments and needless white space; worked out when it is first asked for. */
  readonly text: string;
}

/** Of a statement only so many characters are looked at. */
export const MOST_READ = 16_384;

class ReadStatement implements Statement {
  readonly operation: string;
  readonly collection: string;
  readonly name: string;
  private normalised: string | undefined;

  constructor(
    private readonly source: string,
    private readonly dialect: Dialect,
  ) {
    const { operation, collection } = classified(source, dialect);
    this.operation = operation;
    this.collection = collection;
    this.name = collection === '' ? operation : `${operation} ${collection}`;
  }

  get text(): string {
    this.normalised ??= normalise(this.source, this.dialect, MOST_READ);
    return this.normalised;
  }
}

function classified(source: string, dialect: Dialect) {
  try {
    return classify(source, dialect, MOST_READ);
  } catch {
    return OTHER;
  }
}

/** What a cached statement takes beside its text, about. */
const OVERHEAD_BYTES = 400;
const LONGEST_CACHED = 10_000;

/**
 * Statements by their text, in two generations of half the size each: what is used lives on, and texts that come once do
 * not drive out the others one by one.
 */
export class StatementCache {
  private young = new Map<string, Statement>();
  private old = new Map<string, Statement>();
  private youngBytes = 0;

  constructor(
    private readonly dialect: Dialect,
    private readonly mostBytes = 2 << 20,
  ) {}

  /** Never throws. */
  of(text: string): Statement {
    const known = this.young.get(text);
    if (known) return known;
    const found = this.old.get(text) ?? new ReadStatement(text, this.dialect);
    if (text.length <= LONGEST_CACHED) this.keep(text, found);
    return found;
  }

  private keep(text: string, statement: Statement): void {
    // Two bytes a character, once for the text and once for what is made of it.
    this.youngBytes += 4 * text.length + OVERHEAD_BYTES;
    if (this.youngBytes > this.mostBytes / 2) {
      this.old = this.young;
      this.young = new Map();
      this.youngBytes = 0;
    }
    this.young.set(text, statement);
  }
}
