/** The text of a statement without what differs from call to call, and without anything that a user may have typed. */
import { type Dialect, Tokenizer } from './tokenizer.ts';

export const MOST_NORMALISED = 2000;
const VALUE_WORDS: ReadonlySet<string> = new Set(['NULL', 'TRUE', 'FALSE', 'DEFAULT']);

/** What stands between two brackets: a list of values (`IN (1, 2)`), a row of values, or anything else. */
type FrameKind = 'list' | 'row' | 'other';

interface Frame {
  readonly kind: FrameKind;
  readonly closer: string;
  /** The piece after the opening bracket. */
  readonly opened: number;
  /** The row that ended here last, and how many pieces there were then; '' after anything but a comma. */
  row: string;
  piecesAfterRow: number;
  lengthAfterRow: number;
}

const frame = (kind: FrameKind, closer: string, opened: number): Frame => ({
  kind,
  closer,
  opened,
  row: '',
  piecesAfterRow: 0,
  lengthAfterRow: 0,
});

class Writer {
  private readonly pieces: string[] = [];
  private length = 0;
  private readonly frames: Frame[] = [];
  private top = frame('other', '', 0);
  /** The word before, in capitals, else the symbol or `?`. */
  private last = '';
  private lastIsLiteral = false;
  /** A comma in a list that is written only if what follows is no value. */
  private comma = false;
  private glued = true;

  constructor(private readonly tokens: Tokenizer) {}

  get full(): boolean {
    return this.length > MOST_NORMALISED;
  }

  get text(): string {
    const { pieces } = this;
    if (this.tokens.cut) this.dropUnfinishedRow();
    while (pieces.at(-1) === ';' || pieces.at(-1) === ' ') pieces.pop();
    const text = pieces.join('');
    return this.full || this.tokens.cut ? `${text.slice(0, MOST_NORMALISED)}…` : text;
  }

  /** However many rows were seen, the text is the same. */
  private dropUnfinishedRow(): void {
    const outer = this.top.kind === 'row' ? this.frames.at(-1) : this.top;
    if (outer && outer.row !== '') this.pieces.length = outer.piecesAfterRow;
  }

  take(): void {
    const { kind } = this.tokens;
    if (kind === 'literal' || kind === 'number') this.value('?', kind === 'literal');
    else if (kind === 'parameter') this.value(this.top.kind === 'other' ? this.tokens.value : '?', false);
    else if (kind === 'symbol') this.symbol(this.tokens.value);
    else this.word(this.tokens.value);
  }

  private word(text: string): void {
    const upper = text.length <= 12 ? text.toUpperCase() : text;
    if (this.top.kind !== 'other' && VALUE_WORDS.has(upper)) {
      this.value(this.top.kind === 'list' ? '?' : text, false);
      return;
    }
    this.write(text);
    this.last = upper;
  }

  private value(text: string, literal: boolean): void {
    if (this.comma) {
      this.comma = false;
      return;
    }
    // 'a' 'b' is one string.
    if (literal && this.lastIsLiteral) return;
    this.write(text);
    this.last = '?';
    this.lastIsLiteral = literal;
  }

  private symbol(text: string): void {
    if (text === '(' || (text === '[' && this.last === 'ARRAY')) this.open(text);
    else if (text === this.top.closer) this.close(text);
    else if (text === ',' && this.top.kind === 'list' && this.last === '?') this.comma = true;
    else if ((text !== '-' && text !== '+') || !this.isSign()) this.operator(text);
  }

  private operator(text: string): void {
    const { row } = this.top;
    this.write(text);
    if (text === ',') this.top.row = row;
    this.last = text;
  }

  /** Of a value in a list or row, where rows that differ in signs alone are the same. */
  private isSign(): boolean {
    return this.top.kind !== 'other' && (this.comma || this.last === '(' || this.last === ',');
  }

  private open(text: string): void {
    const kind = this.kindOfFrame();
    const { row } = this.top;
    this.write(text);
    this.top.row = row;
    this.frames.push(this.top);
    this.top = frame(kind, text === '(' ? ')' : ']', this.pieces.length);
    this.glued = true;
    this.last = '(';
  }

  private kindOfFrame(): FrameKind {
    const { last, top } = this;
    if (last === 'IN' || last === 'ARRAY') return 'list';
    if (last === 'VALUES' || last === 'VALUE') return 'row';
    if (last === '(' && top.kind === 'list') return 'row';
    return last === ',' && top.row !== '' ? 'row' : 'other';
  }

  private close(text: string): void {
    this.comma = false;
    const closed = this.top;
    const outer = this.frames.pop()!;
    this.top = outer;
    const { row } = outer;
    this.glued = true;
    this.write(text);
    this.last = ')';
    if (closed.kind !== 'row') return;
    outer.row = row;
    const own = this.pieces.slice(closed.opened).join('');
    if (own === row) {
      this.pieces.length = outer.piecesAfterRow;
      this.length = outer.lengthAfterRow;
      return;
    }
    outer.row = own;
    outer.piecesAfterRow = this.pieces.length;
    outer.lengthAfterRow = this.length;
  }

  private write(text: string): void {
    if (this.comma) {
      this.comma = false;
      this.add(',');
    }
    if (this.tokens.spaced && !this.glued && text !== ',' && text !== ')' && text !== ';') this.add(' ');
    this.add(text);
    this.glued = false;
    this.lastIsLiteral = false;
    this.top.row = '';
  }

  private add(text: string): void {
    this.pieces.push(text);
    this.length += text.length;
  }
}

/** Bounded, linear in the first `most` characters; ends in an ellipsis where it is not all. */
export function normalise(text: string, dialect: Dialect, most: number): string {
  const tokens = new Tokenizer(text, dialect, most);
  const writer = new Writer(tokens);
  while (!writer.full && tokens.next() !== 'end') writer.take();
  return writer.text;
}
