import { unquote } from './literals.ts';
import { quote } from './quote.ts';
import type { TokenStream } from './tokenStream.ts';
import { GROUPING_NAMES, type Token } from './tokens.ts';

/** The content of a string token. */
export function contentOf(stream: TokenStream, token: Token): string {
  const literal = stream.text(token);
  const content = unquote(literal);
  if (content !== undefined) return content;
  stream.refuse(`error unquoting string ${quote(literal)}: invalid syntax`, token);
  return '';
}

/** Label names in parentheses, after `by`, `on` and the like. */
export function parseGrouping(stream: TokenStream): string[] {
  while (stream.peek() !== '(') if (stream.misfit('grouping opts', '"("')) return [];
  stream.take();
  if (stream.peek() === ')') {
    stream.take();
    return [];
  }
  const names = [parseName(stream)];
  for (;;) {
    const kind = stream.peek();
    if (kind === ',') {
      stream.take();
      if (stream.peek() !== ')') names.push(parseName(stream));
    } else if (kind === ')') {
      stream.take();
      return names;
    } else {
      stream.misfit('grouping opts', '"," or ")"');
    }
  }
}

function parseName(stream: TokenStream): string {
  const kind = stream.peek();
  if (kind !== 'string' && !GROUPING_NAMES.has(kind)) {
    stream.misfit('grouping opts', 'label');
    return '';
  }
  const token = stream.take();
  if (kind !== 'string') return stream.text(token);
  const name = contentOf(stream, token);
  if (name === '' || !isUtf8(name, stream.text(token))) {
    stream.refuse(`invalid label name for grouping: ${quote(name)}`, token);
  }
  return name;
}

/** Whether the bytes of a literal are text. The replacement character stands for such as are not, unless it was asked for. */
export function isUtf8(content: string, literal: string): boolean {
  return !content.includes('\ufffd') || /\\u[fF]{3}[dD]|\\U0000[fF]{3}[dD]/.test(literal);
}
