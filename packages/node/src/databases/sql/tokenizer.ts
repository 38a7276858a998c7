/**
 * What a statement is made of, for any dialect. One pass, no look-back; whatever the text is, it comes to its end. What a
 * dialect is not known to have is taken as symbols, so that nothing is an error.
 */

/** As OpenTelemetry names the systems; `sql` where nothing is known. */
export type Dialect = 'postgresql' | 'mysql' | 'sqlite' | 'sql';

/** `quoted` is an identifier in quotes, `literal` a string; a parameter is `?`, `$1`, `:name`, `@name`. */
export type TokenKind = 'end' | 'word' | 'quoted' | 'literal' | 'number' | 'parameter' | 'symbol';

const code = (character: string): number => character.charCodeAt(0);

const TAB = 9;
const SPACE = 32;
const BANG = code('!');
const DOUBLE_QUOTE = code('"');
const HASH = code('#');
const DOLLAR = code('$');
const SINGLE_QUOTE = code("'");
const STAR = code('*');
const PLUS = code('+');
const MINUS = code('-');
const DOT = code('.');
const SLASH = code('/');
const COLON = code(':');
const QUESTION = code('?');
const AT = code('@');
const OPEN_BRACKET = code('[');
const BACKSLASH = code('\\');
const UNDERSCORE = code('_');
const BACKTICK = code('`');

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isSpace = (c: number): boolean => c === SPACE || (c >= TAB && c <= 13) || c === 0xa0 || c === 0xfeff;
const isWordStart = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === UNDERSCORE || (c >= 0x80 && !isSpace(c));
const isWordPart = (c: number): boolean => isWordStart(c) || isDigit(c);

/** Of MySQL, whose names may begin with a digit. */
const NUMBER = /^(0[xX][0-9a-fA-F]*|0[bB][01]*|[0-9_]*(\.[0-9_]*)?([eE][+-]?[0-9]+)?)$/;

export class Tokenizer {
  kind: TokenKind = 'end';
  start = 0;
  end = 0;
  /** Whether white space or a comment is before the token. */
  spaced = false;
  /** Parentheses that are open after this token; never below 0. */
  depth = 0;
  /** Whether there is text beyond what is looked at. */
  readonly cut: boolean;
  private readonly text: string;
  private readonly limit: number;
  /** Inside of `/*! … *\/`, which MySQL takes as part of the statement. */
  private vendor = false;

  /** Looks at no more than the first `most` characters. */
  constructor(
    text: string,
    private readonly dialect: Dialect,
    most: number,
  ) {
    this.cut = text.length > most;
    this.text = this.cut ? text.slice(0, most) : text;
    this.limit = this.text.length;
  }

  get value(): string {
    return this.text.slice(this.start, this.end);
  }

  /** Whether the token is this one character outside of quotes. */
  is(symbol: string): boolean {
    return this.kind === 'symbol' && this.text[this.start] === symbol;
  }

  next(): TokenKind {
    this.spaced = this.skipSpace();
    this.start = this.end;
    if (this.end >= this.limit) {
      this.kind = 'end';
      return this.kind;
    }
    this.kind = this.scan(this.text.charCodeAt(this.end));
    // A backslash may be the last character.
    if (this.end > this.limit) this.end = this.limit;
    return this.kind;
  }

  private at(offset: number): number {
    const place = this.end + offset;
    return place < this.limit ? this.text.charCodeAt(place) : Number.NaN;
  }

  private skipSpace(): boolean {
    const before = this.end;
    while (this.end < this.limit) {
      const c = this.text.charCodeAt(this.end);
      if (isSpace(c)) this.end++;
      else if (!this.skipComment(c)) break;
    }
    return this.end > before;
  }

  private skipComment(c: number): boolean {
    const following = this.at(1);
    if (c === SLASH && following === STAR) this.skipBlock();
    else if (c === STAR && following === SLASH && this.vendor) {
      this.vendor = false;
      this.end += 2;
    } else if (this.beginsLineComment(c, following)) this.skipLine();
    else return false;
    return true;
  }

  private beginsLineComment(c: number, following: number): boolean {
    if (c === HASH) return this.dialect === 'mysql';
    if (c !== MINUS || following !== MINUS) return false;
    const after = this.at(2);
    return this.dialect !== 'mysql' || Number.isNaN(after) || after <= SPACE;
  }

  private skipLine(): void {
    const newline = this.text.indexOf('\n', this.end);
    this.end = newline < 0 ? this.limit : Math.min(this.limit, newline + 1);
  }

  private skipBlock(): void {
    this.end += 2;
    if (this.dialect === 'mysql' && (this.at(0) === BANG || (this.at(0) === code('M') && this.at(1) === BANG))) {
      this.end += this.at(0) === BANG ? 1 : 2;
      while (isDigit(this.at(0))) this.end++;
      this.vendor = true;
      return;
    }
    const nests = this.dialect === 'postgresql';
    for (let open = 1; this.end < this.limit; this.end++) {
      const c = this.at(0);
      if (c === STAR && this.at(1) === SLASH) {
        this.end++;
        if (--open === 0) {
          this.end++;
          return;
        }
      } else if (nests && c === SLASH && this.at(1) === STAR) {
        this.end++;
        open++;
      }
    }
  }

  private scan(c: number): TokenKind {
    if (isWordStart(c)) return this.word();
    if (isDigit(c) || (c === DOT && isDigit(this.at(1)))) return this.number();
    switch (c) {
      case SINGLE_QUOTE:
        return this.quotes(c, this.dialect === 'mysql', 'literal');
      case DOUBLE_QUOTE:
        return this.dialect === 'mysql' ? this.quotes(c, true, 'literal') : this.quotes(c, false, 'quoted');
      case BACKTICK:
        return this.quotes(c, false, 'quoted');
      case OPEN_BRACKET:
        return this.bracket();
      case DOLLAR:
        return this.dollar();
      case QUESTION:
        return this.parameter(1, isDigit);
      case COLON:
        return this.colon();
      case AT:
        return this.parameter(this.at(1) === AT ? 2 : 1, isWordPart);
      default:
        return this.symbol(c);
    }
  }

  private symbol(c: number): TokenKind {
    this.end++;
    if (c === 40) this.depth++;
    else if (c === 41 && this.depth > 0) this.depth--;
    return 'symbol';
  }

  private word(): TokenKind {
    const dollars = this.dialect !== 'sqlite';
    this.end++;
    for (let c = this.at(0); isWordPart(c) || (dollars && c === DOLLAR); c = this.at(0)) this.end++;
    if (this.at(0) !== SINGLE_QUOTE || this.end - this.start !== 1) return 'word';
    // E'…', B'…', X'…', N'…': a string of some kind.
    const prefix = this.text.charCodeAt(this.start) | 32;
    if (prefix !== code('e') && prefix !== code('b') && prefix !== code('x') && prefix !== code('n')) return 'word';
    return this.quotes(SINGLE_QUOTE, prefix === code('e') || this.dialect === 'mysql', 'literal');
  }

  private number(): TokenKind {
    const hex = this.at(0) === 48 && (this.at(1) | 32) === code('x');
    this.end++;
    for (let c = this.at(0); isWordPart(c) || c === DOT || c === PLUS || c === MINUS; c = this.at(0)) {
      if ((c === PLUS || c === MINUS) && (hex || (this.text.charCodeAt(this.end - 1) | 32) !== code('e'))) break;
      this.end++;
    }
    return this.dialect === 'mysql' && !NUMBER.test(this.value) ? 'word' : 'number';
  }

  /** From a quote to the same, which stands for itself where it is doubled; to the end where it is not closed. */
  private quotes(quote: number, escapes: boolean, kind: TokenKind): TokenKind {
    this.end++;
    while (this.end < this.limit) {
      const c = this.text.charCodeAt(this.end++);
      if (c === BACKSLASH && escapes) this.end++;
      else if (c === quote) {
        if (this.at(0) !== quote) break;
        this.end++;
      }
    }
    return kind;
  }

  /** `[name]` of SQL Server and SQLite; a subscript elsewhere. */
  private bracket(): TokenKind {
    if (this.dialect === 'postgresql' || this.dialect === 'mysql' || !isWordStart(this.at(1))) return this.symbol(0);
    const close = this.text.indexOf(']', this.end);
    this.end = close < 0 ? this.limit : close + 1;
    return 'quoted';
  }

  private dollar(): TokenKind {
    if (this.dialect === 'sqlite' || isDigit(this.at(1))) return this.parameter(1, isWordPart);
    if (this.dialect === 'mysql') return this.word();
    let close = 1;
    while (isWordPart(this.at(close))) close++;
    if (this.at(close) !== DOLLAR) return this.symbol(0);
    // $tag$ … $tag$
    const tag = this.text.slice(this.end, this.end + close + 1);
    const closing = this.text.indexOf(tag, this.end + tag.length);
    this.end = closing < 0 ? this.limit : closing + tag.length;
    return 'literal';
  }

  private colon(): TokenKind {
    if (isWordStart(this.at(1))) return this.parameter(1, isWordPart);
    const cast = this.at(1) === COLON;
    this.end += cast ? 2 : 1;
    return 'symbol';
  }

  private parameter(from: number, belongs: (c: number) => boolean): TokenKind {
    this.end += from;
    while (belongs(this.at(0))) this.end++;
    return 'parameter';
  }
}
