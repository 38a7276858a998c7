import { digitValue, isAlpha, isAlphanumeric, isDigit, isSpace } from './characters.ts';
import { codePointName, quote, quoteCharacter } from './quote.ts';
import { scanDurationRest, scanNumber } from './scanNumber.ts';
import { KEYWORDS, type Token, type TokenKind } from './tokens.ts';

/** A text that no token begins with. `start` is where, in UTF-16 units. */
export interface LexicalError {
  readonly reason: string;
  readonly start: number;
}

const [TAB, SPACE, HASH, PERCENT, OPEN, CLOSE, STAR, PLUS, COMMA, MINUS, DOT, SLASH] = codes('\t #%()*+,-./');
const [COLON, LESS, EQUAL, GREATER, AT, OPEN_BRACKET, BACKSLASH, CLOSE_BRACKET, CARET] = codes(':<=>@[\\]^');
const [BACKTICK, OPEN_BRACE, CLOSE_BRACE, TILDE, BANG, QUOTE, APOSTROPHE] = codes('`{}~!"\'');
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

const DURATION_WORDS: ReadonlySet<string> = new Set(['step', 'range', 'max_of', 'min_of']);
const DURATION_WORD_START = /^[srm]$/i;
const ESCAPES = 'abfnrtv\\';

function codes(text: string): number[] {
  return [...text].map((char) => char.charCodeAt(0));
}

/** In which part of the query the lexer is; a bracket begins in `duration` and goes on in `statement` after its first number. */
type Mode = 'statement' | 'duration';

/**
 * Splits a query into tokens, in one pass. Comments are left out. The states are those of Prometheus'
 * promql/parser/lex.go, since what is wrong with a text depends on them.
 */
export class Lexer {
  private readonly text: string;
  private position = 0;
  private mode: Mode = 'statement';
  private parens = 0;
  private inBraces = false;
  private inBrackets = false;
  private seenColon = false;
  private seenDuration = false;
  /** Set once; what `next` returns from then on is `stop`. */
  error: LexicalError | undefined;

  constructor(text: string) {
    this.text = text;
  }

  next(): Token {
    this.skipBlank();
    if (this.inBraces) return this.inside();
    return this.mode === 'duration' ? this.duration() : this.statement();
  }

  private at(index: number): number {
    return this.text.charCodeAt(index);
  }

  /** The whole character at an index, of one or two units. */
  private character(index: number): string | undefined {
    const code = this.text.codePointAt(index);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  private fail(reason: string, start: number): Token {
    this.error ??= { reason, start };
    return { kind: 'stop', start, end: this.text.length };
  }

  private emit(kind: TokenKind, start: number, end: number): Token {
    this.position = end;
    return { kind, start, end };
  }

  /** There are no comments where a duration is expected. */
  private skipBlank(): void {
    for (;;) {
      const code = this.at(this.position);
      if (code === SPACE || code === LINE_FEED || code === TAB || code === CARRIAGE_RETURN) this.position++;
      else if (code === HASH && (this.inBraces || this.mode === 'statement')) this.skipLine();
      else return;
    }
  }

  private skipLine(): void {
    let end = this.position;
    while (end < this.text.length && this.at(end) !== LINE_FEED && this.at(end) !== CARRIAGE_RETURN) end++;
    this.position = end;
  }

  private statement(): Token {
    const start = this.position;
    const code = this.at(start);
    const after = this.at(start + 1);
    if (start >= this.text.length) return this.end();
    if (isAlpha(code) || code === COLON) return this.inBrackets ? this.inBracketsWord(start) : this.word(start);
    if (isDigit(code) || (code === DOT && isDigit(after))) return this.numberOrDuration(start);
    switch (code) {
      case COMMA:
      case STAR:
      case SLASH:
      case PERCENT:
      case PLUS:
      case MINUS:
      case CARET:
      case AT:
        return this.emit(this.text[start]!, start, start + 1);
      case EQUAL:
        if (after === EQUAL) return this.emit('==', start, start + 2);
        if (after === TILDE) return this.fail("unexpected character after '=': '~'", start);
        return this.emit('=', start, start + 1);
      case BANG:
        if (after === EQUAL) return this.emit('!=', start, start + 2);
        return this.fail(`unexpected character after '!': ${quoteCharacter(this.character(start + 1))}`, start);
      case LESS:
      case GREATER: {
        const long = after === EQUAL || after === SLASH ? 2 : 1;
        return this.emit(this.text.slice(start, start + long), start, start + long);
      }
      case QUOTE:
      case APOSTROPHE:
        return this.quoted(start, code);
      case BACKTICK:
        return this.raw(start);
      case OPEN:
      case CLOSE:
        return this.paren(start, code);
      case OPEN_BRACE:
        this.inBraces = true;
        return this.emit('{', start, start + 1);
      case OPEN_BRACKET:
        if (this.inBrackets) return this.fail("unexpected left bracket '['", start);
        this.inBrackets = true;
        this.seenColon = false;
        this.mode = 'duration';
        return this.emit('[', start, start + 1);
      case CLOSE_BRACKET:
        if (!this.inBrackets) return this.fail("unexpected right bracket ']'", start);
        this.inBrackets = false;
        return this.emit(']', start, start + 1);
      default:
        return this.fail(`unexpected character: ${quoteCharacter(this.character(start))}`, start);
    }
  }

  private end(): Token {
    const { length } = this.text;
    if (this.parens !== 0) return this.fail('unclosed left parenthesis', length);
    if (this.inBrackets) return this.fail('unclosed left bracket', length);
    return this.emit('eof', length, length);
  }

  private paren(start: number, code: number): Token {
    this.parens += code === OPEN ? 1 : -1;
    if (this.parens < 0) return this.fail("unexpected right parenthesis ')'", start + 1);
    return this.emit(code === OPEN ? '(' : ')', start, start + 1);
  }

  /** After the first number in brackets. */
  private inBracketsWord(start: number): Token {
    if (this.at(start) === COLON) {
      if (this.seenColon) return this.fail("unexpected colon ':'", start);
      this.seenColon = true;
      return this.emit(':', start, start + 1);
    }
    const word = this.durationWord(start);
    return word ?? this.fail(`unexpected character: ${quoteCharacter(this.text[start])}, expected ':'`, start);
  }

  private durationWord(start: number): Token | undefined {
    if (!DURATION_WORD_START.test(this.text[start]!)) return undefined;
    let end = start + 1;
    while (isAlpha(this.at(end))) end++;
    const word = this.text.slice(start, end).toLowerCase();
    return DURATION_WORDS.has(word) ? this.emit(word, start, end) : undefined;
  }

  /** From `[` to the first number. */
  private duration(): Token {
    const start = this.position;
    if (start >= this.text.length) return this.fail('unexpected end of input in duration expression', start);
    const code = this.at(start);
    switch (code) {
      case CLOSE_BRACKET:
        this.inBrackets = false;
        this.seenColon = false;
        this.mode = 'statement';
        return this.emit(']', start, start + 1);
      case COLON:
        if (!this.seenDuration) {
          return this.fail('unexpected colon before duration in duration expression', start + 1);
        }
        if (this.seenColon) return this.fail('unexpected repeated colon in duration expression', start + 1);
        this.seenColon = true;
        return this.emit(':', start, start + 1);
      case OPEN:
      case CLOSE:
        return this.paren(start, code);
      case PLUS:
      case MINUS:
      case STAR:
      case SLASH:
      case PERCENT:
      case CARET:
      case COMMA:
        return this.emit(this.text[start]!, start, start + 1);
      default:
        break;
    }
    if (isDigit(code) || (code === DOT && isDigit(this.at(start + 1)))) {
      this.seenDuration = true;
      this.mode = 'statement';
      return this.numberOrDuration(start);
    }
    const word = this.durationWord(start);
    if (word) return word;
    return this.fail(`unexpected character in duration expression: ${quoteCharacter(this.character(start))}`, start);
  }

  private inside(): Token {
    const start = this.position;
    const code = this.at(start);
    const after = this.at(start + 1);
    if (start >= this.text.length) return this.fail('unexpected end of input inside braces', start);
    if (isAlpha(code)) return this.emit('identifier', start, this.wordEnd(start));
    switch (code) {
      case COMMA:
        return this.emit(',', start, start + 1);
      case QUOTE:
      case APOSTROPHE:
        return this.quoted(start, code);
      case BACKTICK:
        return this.raw(start);
      case EQUAL:
        return after === TILDE ? this.emit('=~', start, start + 2) : this.emit('=', start, start + 1);
      case BANG:
        if (after === TILDE) return this.emit('!~', start, start + 2);
        if (after === EQUAL) return this.emit('!=', start, start + 2);
        return this.fail(
          `unexpected character after '!' inside braces: ${quoteCharacter(this.character(start + 1))}`,
          start,
        );
      case OPEN_BRACE:
        return this.fail("unexpected left brace '{'", start);
      case CLOSE_BRACE:
        this.inBraces = false;
        return this.emit('}', start, start + 1);
      default:
        return this.fail(`unexpected character inside braces: ${quoteCharacter(this.character(start))}`, start);
    }
  }

  private wordEnd(start: number): number {
    let end = start;
    while (isAlphanumeric(this.at(end))) end++;
    return end;
  }

  private word(start: number): Token {
    let end = start;
    let hasColon = false;
    for (;;) {
      const code = this.at(end);
      if (code === COLON) hasColon = true;
      else if (!isAlphanumeric(code)) break;
      end++;
    }
    if (hasColon) return this.emit('metric', start, end);
    const word = this.text.slice(start, end).toLowerCase();
    if (word === 'inf' || word === 'nan') return this.emit('number', start, end);
    const isKeyword = KEYWORDS.has(word) && (!word.startsWith('fill') || this.parenFollows(end));
    return this.emit(isKeyword ? word : 'identifier', start, end);
  }

  /** `fill` and its like are keywords in front of a parenthesis only, so that metrics of that name stay usable. */
  private parenFollows(index: number): boolean {
    let next = index;
    while (isSpace(this.at(next))) next++;
    return this.at(next) === OPEN;
  }

  private quoted(start: number, quoteCode: number): Token {
    let end = start + 1;
    for (;;) {
      const code = this.at(end);
      if (code === quoteCode) return this.emit('string', start, end + 1);
      if (Number.isNaN(code) || code === LINE_FEED) return this.fail('unterminated quoted string', start);
      if (code === BACKSLASH) {
        const escaped = this.escape(end + 1, quoteCode);
        if (typeof escaped === 'string') return this.fail(escaped, start);
        end = escaped;
      } else {
        const width = this.widthAt(end);
        if (width === 0) return this.fail('invalid UTF-8 rune', start);
        end += width;
      }
    }
  }

  private raw(start: number): Token {
    let end = start + 1;
    for (;;) {
      const code = this.at(end);
      if (code === BACKTICK) return this.emit('string', start, end + 1);
      if (Number.isNaN(code)) return this.fail('unterminated raw string', start);
      const width = this.widthAt(end);
      if (width === 0) return this.fail('invalid UTF-8 rune', start);
      end += width;
    }
  }

  /** Units of the character at an index; 0 if it is one that UTF-8 cannot carry, or the replacement for such a one. */
  private widthAt(index: number): number {
    const code = this.at(index);
    if (code < 0xd800 || (code > 0xdfff && code !== 0xfffd)) return 1;
    return this.text.codePointAt(index)! > 0xffff ? 2 : 0;
  }

  /** Where the escape sequence ends that began with a backslash before `index`, or what is wrong with it. */
  private escape(index: number, quoteCode: number): number | string {
    const char = this.character(index);
    if (char === undefined) return 'escape sequence not terminated';
    if (ESCAPES.includes(char) || char.charCodeAt(0) === quoteCode) return index + 1;
    if (char >= '0' && char <= '7') return this.codeEscape(index, 3, 8, 255);
    if (char === 'x') return this.codeEscape(index + 1, 2, 16, 255);
    if (char === 'u') return this.codeEscape(index + 1, 4, 16, 0x10ffff);
    if (char === 'U') return this.codeEscape(index + 1, 8, 16, 0x10ffff);
    return `unknown escape sequence ${codePointName(char)}`;
  }

  private codeEscape(index: number, digits: number, base: number, max: number): number | string {
    let value = 0;
    for (let i = index; i < index + digits; i++) {
      const digit = digitValue(this.at(i));
      if (digit >= base) {
        const char = this.character(i);
        if (char === undefined) return 'escape sequence not terminated';
        return `illegal character ${codePointName(char)} in escape sequence`;
      }
      value = value * base + digit;
    }
    const isValid = value <= max && (value < 0xd800 || value >= 0xe000);
    return isValid ? index + digits : 'escape sequence is an invalid Unicode code point';
  }

  private numberOrDuration(start: number): Token {
    const number = scanNumber(this.text, start);
    if (number.valid) return this.emit('number', start, number.end);
    const duration = scanDurationRest(this.text, number.end);
    if (duration.valid) return this.emit('duration', start, duration.end);
    return this.fail(`bad number or duration syntax: ${quote(this.text.slice(start, duration.end))}`, start);
  }
}
