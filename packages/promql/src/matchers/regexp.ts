/** RE2 patterns (https://github.com/google/re2/wiki/Syntax) as JavaScript regular expressions. */

/** A pattern that RE2 refuses, or one that JavaScript cannot express. */
export class RegexpSyntaxError extends Error {
  override readonly name = 'RegexpSyntaxError';
}

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly ungreedy: boolean;
}

const PERL_CLASSES: Readonly<Record<string, string>> = {
  d: '0-9',
  D: '\\0-\\/:-\\u{10ffff}',
  w: '0-9A-Za-z_',
  W: '\\0-\\/:-@\\[-\\^`\\{-\\u{10ffff}',
  s: '\\t\\n\\f\\r ',
  S: '\\0-\\x08\\x0b\\x0e-\\x1f!-\\u{10ffff}',
};

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/**
 * Translates RE2's syntax to a RegExp that is anchored at both ends, as Prometheus' matchers are. `.` also matches a newline.
 * @throws RegexpSyntaxError
 */
export function anchoredRegExp(pattern: string): RegExp {
  const source = new Translator(pattern).translate();
  try {
    return new RegExp(`^(?:${source})$`, 'u');
  } catch (error) {
    throw new RegexpSyntaxError(`error parsing regexp: ${(error as Error).message}`);
  }
}

class Translator {
  private readonly chars: readonly string[];
  private at = 0;
  private flags: Flags = { ignoreCase: false, multiline: false, dotAll: true, ungreedy: false };
  private readonly outer: Flags[] = [];

  constructor(pattern: string) {
    this.chars = [...pattern];
  }

  translate(): string {
    let out = '';
    while (this.at < this.chars.length) out += this.next();
    if (this.outer.length > 0) throw this.refuse('missing closing )');
    return out;
  }

  private next(): string {
    const char = this.take();
    switch (char) {
      case '(':
        return this.group();
      case ')':
        return this.closeGroup();
      case '[':
        return this.charClass();
      case '\\':
        return this.escape();
      case '.':
        return this.flags.dotAll ? '[^]' : '[^\\n]';
      case '^':
        return this.flags.multiline ? '(?:^|(?<=\\n))' : '^';
      case '$':
        return this.flags.multiline ? '(?=\\n|$)' : '$';
      case '|':
        return '|';
      case '*':
      case '+':
      case '?':
        return char + this.laziness();
      case '{':
        return this.repetition();
      default:
        return this.literal(char);
    }
  }

  private group(): string {
    this.outer.push(this.flags);
    if (!this.rest().startsWith('?')) return '(';
    const named = /^\?P?<([A-Za-z_]\w*)>/.exec(this.rest());
    if (named) {
      this.at += named[0].length;
      return `(?<${named[1]}>`;
    }
    const flagged = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.rest());
    if (!flagged) throw this.refuse('invalid or unsupported Perl syntax: `(?`');
    this.at += flagged[0].length;
    const changed = this.changeFlags(flagged[1]!, flagged[2] ?? '');
    if (flagged[3] === ')') this.outer.pop();
    this.flags = changed;
    return flagged[3] === ')' ? '' : '(?:';
  }

  private changeFlags(on: string, off: string): Flags {
    const value = (letter: string, now: boolean) => (on.includes(letter) ? true : off.includes(letter) ? false : now);
    return {
      ignoreCase: value('i', this.flags.ignoreCase),
      multiline: value('m', this.flags.multiline),
      dotAll: value('s', this.flags.dotAll),
      ungreedy: value('U', this.flags.ungreedy),
    };
  }

  private closeGroup(): string {
    const flags = this.outer.pop();
    if (!flags) throw this.refuse('unexpected )');
    this.flags = flags;
    return ')';
  }

  private laziness(): string {
    const marked = this.chars[this.at] === '?';
    if (marked) this.at++;
    if (/^([*+?]|\{\d+(,\d*)?\})/.test(this.rest())) throw this.refuse('invalid nested repetition operator');
    return marked !== this.flags.ungreedy ? '?' : '';
  }

  private repetition(): string {
    const counted = /^(\d+)(,(\d*))?\}/.exec(this.rest());
    if (!counted) return '\\{';
    if (Number(counted[1]) > 1000 || Number(counted[3] ?? 0) > 1000) throw this.refuse('invalid repeat count');
    this.at += counted[0].length;
    return `{${counted[0]}${this.laziness()}`;
  }

  private escape(): string {
    const char = this.take('trailing backslash at end of expression');
    if (PERL_CLASSES[char]) return `[${PERL_CLASSES[char]}]`;
    switch (char) {
      case 'A':
        return '^';
      case 'z':
        return '$';
      case 'b':
      case 'B':
        return `\\${char}`;
      case 'Q':
        return this.quoted();
      case 'p':
      case 'P':
        return this.property(char);
      default:
        return this.literal(this.escapedChar(char));
    }
  }

  private quoted(): string {
    const rest = this.rest();
    const end = rest.indexOf('\\E');
    const text = end < 0 ? rest : rest.slice(0, end);
    this.at += [...text].length + (end < 0 ? 0 : 2);
    return [...text].map((char) => this.literal(char)).join('');
  }

  private property(letter: string): string {
    const found = /^(?:\{(\^?)(\w+)\}|(\w))/.exec(this.rest());
    if (!found) throw this.refuse('invalid character class range');
    this.at += found[0].length;
    const name = (found[2] ?? found[3])!;
    const sign = (letter === 'P') !== (found[1] === '^') ? 'P' : 'p';
    return `\\${sign}{${name.length <= 2 ? name : `Script=${name}`}}`;
  }

  private escapedChar(char: string): string {
    const control = CONTROL[char];
    if (control !== undefined) return String.fromCodePoint(control);
    const rest = char + this.rest();
    const hex = /^x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(rest);
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    const code = hex ? Number.parseInt((hex[1] ?? hex[2])!, 16) : octal ? Number.parseInt(octal[0], 8) : undefined;
    if (code !== undefined && code <= 0x10ffff) {
      this.at += (hex ?? octal)![0].length - 1;
      return String.fromCodePoint(code);
    }
    if (/[A-Za-z0-9]/.test(char)) throw this.refuse(`invalid escape sequence: \`\\${char}\``);
    return char;
  }

  private literal(char: string): string {
    if (this.flags.ignoreCase) {
      const cases = new Set([char, char.toLowerCase(), char.toUpperCase()].filter((each) => [...each].length === 1));
      if (cases.size > 1) return `[${[...cases].join('')}]`;
    }
    return quoteChar(char);
  }

  private charClass(): string {
    const negated = this.chars[this.at] === '^';
    if (negated) this.at++;
    let body = '';
    for (let first = true; first || this.chars[this.at] !== ']'; first = false) {
      if (this.at >= this.chars.length) throw this.refuse('missing closing ]');
      body += this.classItem();
    }
    this.at++;
    return `[${negated ? '^' : ''}${body}]`;
  }

  private classItem(): string {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.rest());
    if (posix) {
      const ranges = POSIX_CLASSES[posix[2]!];
      if (!ranges) throw this.refuse(`invalid character class range: \`${posix[0]}\``);
      this.at += posix[0].length;
      return posix[1] ? complement(ranges) : this.bothCases(ranges);
    }
    const shorthand = /^\\([dDwWsS])/.exec(this.rest());
    if (shorthand) {
      this.at += 2;
      return PERL_CLASSES[shorthand[1]!]!;
    }
    const property = /^\\([pP])/.exec(this.rest());
    if (property) {
      this.at += 2;
      return this.property(property[1]!);
    }
    const low = this.classChar();
    if (this.chars[this.at] !== '-' || this.chars[this.at + 1] === ']') return this.bothCases(quoteChar(low));
    this.at++;
    const high = this.classChar();
    if (high.codePointAt(0)! < low.codePointAt(0)!)
      throw this.refuse(`invalid character class range: \`${low}-${high}\``);
    return this.bothCases(`${quoteChar(low)}-${quoteChar(high)}`);
  }

  private classChar(): string {
    const char = this.take('missing closing ]');
    return char === '\\' ? this.escapedChar(this.take('trailing backslash at end of expression')) : char;
  }

  /** JavaScript folds case only for a whole pattern, so the other case of each ASCII letter is added here. */
  private bothCases(ranges: string): string {
    if (!this.flags.ignoreCase) return ranges;
    const test = new RegExp(`[${ranges}]`, 'u');
    const letters = [...'abcdefghijklmnopqrstuvwxyz'].filter((l) => test.test(l) || test.test(l.toUpperCase()));
    return ranges + letters.map((letter) => letter + letter.toUpperCase()).join('');
  }

  private take(orElse = 'unexpected end of pattern'): string {
    const char = this.chars[this.at];
    if (char === undefined) throw this.refuse(orElse);
    this.at++;
    return char;
  }

  private rest(): string {
    return this.chars.slice(this.at).join('');
  }

  private refuse(reason: string): RegexpSyntaxError {
    return new RegexpSyntaxError(`error parsing regexp: ${reason}`);
  }
}

function quoteChar(char: string): string {
  if (/[\w]/.test(char) || char.codePointAt(0)! > 0x7f) return char;
  return `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

function complement(ranges: string): string {
  const test = new RegExp(`[${ranges}]`, 'u');
  let out = '';
  for (let code = 0; code < 0x80; code++) {
    if (!test.test(String.fromCodePoint(code))) out += `\\u{${code.toString(16)}}`;
  }
  return `${out}\\u{80}-\\u{10ffff}`;
}
