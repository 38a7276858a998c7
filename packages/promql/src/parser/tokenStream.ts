import type { PromqlFeatures } from '../features.ts';
import type { Span } from './ast.ts';
import { type ParseIssue, PromqlParseError } from './error.ts';
import { Lexer } from './lexer.ts';
import { describeToken, type Token, type TokenKind } from './tokens.ts';

/** How deep a query may be nested. A call within a call takes most of the stack: this is a quarter of what overflows it. */
const MAX_NESTING = 250;
/** How many levels a tree may have, such as one of operators in a row, which the parser does not nest for. */
export const MAX_HEIGHT = 1000;

/** How many tokens a query may have: far more than anybody writes, and read within a tenth of a second. */
export const MAX_TOKENS = 100_000;

/** Thrown at a token that does not fit; whoever can resume from there catches it. Never leaves the parser. */
export const UNFIT = Symbol('a token that does not fit');
/** Thrown when the text is over and nothing can be resumed. Never leaves the parser. */
export const OVER = Symbol('the text is over');

const CLOSING: ReadonlySet<TokenKind> = new Set(['}', ')', ']', 'duration', 'number']);

/**
 * The tokens of a query with what is needed to go on after an error as Prometheus' generated parser does, since which
 * further errors a query has depends on it: a token is read only when a decision needs it (`peek`); whatever catches
 * UNFIT reports (`report`) and from then on tokens are dropped, until one fits where the parser then is (`mismatch`).
 */
export class TokenStream {
  readonly query: string;
  readonly features: PromqlFeatures;
  readonly issues: ParseIssue[] = [];
  /** Where the last token ended that can close an expression. */
  lastClosing = 0;
  /** How many levels the expression has that was parsed last. */
  height = 0;
  private readonly lexer: Lexer;
  private ahead: Token | undefined;
  private last: Token = { kind: 'eof', start: 0, end: 0 };
  private depth = 0;
  private tokens = 0;
  private recovering = false;
  private ended = false;

  constructor(query: string, features: PromqlFeatures) {
    this.query = query;
    this.features = features;
    this.lexer = new Lexer(query);
  }

  /** The kind of the token ahead. */
  peek(): TokenKind {
    this.ahead ??= this.read();
    return this.ahead.kind;
  }

  /** Consumes the token ahead. */
  take(): Token {
    this.ahead ??= this.read();
    const token = this.ahead;
    this.ahead = undefined;
    this.recovering = false;
    return token;
  }

  text(token: Span): string {
    return this.query.slice(token.start, token.end);
  }

  private read(): Token {
    if (this.ended) return { kind: 'stop', start: this.last.start, end: this.last.end };
    const token = this.lexer.next();
    this.last = token;
    if (++this.tokens > MAX_TOKENS) throw tooMany(this.query, token);
    const { error } = this.lexer;
    if (error) this.refuse(error.reason, { start: error.start, end: this.query.length });
    this.ended = error !== undefined || token.kind === 'eof';
    if (CLOSING.has(token.kind)) this.lastClosing = token.end;
    return token;
  }

  /** Consumes a token of a kind, after dropping others if the parser is recovering. */
  expect(kind: TokenKind): Token {
    while (this.peek() !== kind) this.mismatch();
    return this.take();
  }

  /** The token ahead does not fit. Drops it while recovering, so that the caller can look at the next one; throws otherwise. */
  mismatch(): void {
    if (!this.recovering) throw UNFIT;
    this.drop();
  }

  /**
   * As `mismatch`, where the caller itself can resume: reports the token and returns true, or, while recovering, drops
   * it and returns false.
   */
  misfit(context: string, expected: string): boolean {
    if (this.recovering) {
      this.drop();
      return false;
    }
    this.report(context, expected);
    return true;
  }

  private drop(): void {
    if (this.peek() === 'stop') throw OVER;
    this.ahead = undefined;
  }

  /** Begins to recover. A lexical error has been reported already. */
  report(context = '', expected = ''): void {
    this.recovering = true;
    if (this.lexer.error) return;
    const what = `unexpected ${describeToken(this.last.kind, this.text(this.last))}`;
    this.refuse(what + (context && ` in ${context}`) + (expected && `, expected ${expected}`), this.last);
  }

  refuse(reason: string, { start, end }: Span): void {
    this.issues.push({ reason, start, end });
  }

  /** Whether the feature is on, which `reason` refuses if it is not. */
  requires(feature: keyof PromqlFeatures, reason: string, { start, end }: Span): boolean {
    if (this.features[feature]) return true;
    this.issues.push({ reason, start, end, feature });
    return false;
  }

  /** Before a part of the parser that may contain itself; `leave` after it. @throws PromqlParseError if that nests too deep. */
  enter(): void {
    if (++this.depth > MAX_NESTING) throw tooDeep(this.query, this.last, MAX_NESTING);
  }

  leave(): void {
    this.depth--;
  }

  /** Runs `parse`, and `resume` if UNFIT comes out of it. */
  recoverable<T>(parse: () => T, resume: () => T): T {
    const { depth } = this;
    try {
      return parse();
    } catch (thrown) {
      if (thrown !== UNFIT) throw thrown;
      this.depth = depth;
      return resume();
    }
  }
}

function tooMany(query: string, { start, end }: Span): PromqlParseError {
  const reason = `the query has too many parts: more than ${MAX_TOKENS} names, numbers, operators and the like`;
  return new PromqlParseError(query, [{ reason, start, end }]);
}

export function tooDeep(query: string, { start, end }: Span, levels: number): PromqlParseError {
  const reason = `the expression is nested too deeply: more than ${levels} levels`;
  return new PromqlParseError(query, [{ reason, start, end }]);
}
