const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
]);

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/**
 * Go's strconv.Quote: a text in double quotes whose content PromQL reads back. Unlike there the replacement character is
 * escaped as well, since PromQL does not read it otherwise.
 */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let quoted = '';
  for (const char of text) quoted += char === '"' ? '\\"' : char === '\ufffd' ? '\\ufffd' : escaped(char);
  return `"${quoted}"`;
}

/** Go's `%q` of one character. Undefined (the end of the text) is quoted as the replacement character. */
export function quoteCharacter(char: string | undefined): string {
  return `'${char === "'" ? "\\'" : escaped(char ?? '\ufffd')}'`;
}

/** Go's `%#U` of one character: `U+0063 'c'`. */
export function codePointName(char: string): string {
  const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return PRINTABLE.test(char) ? `U+${code} '${char}'` : `U+${code}`;
}

function escaped(char: string): string {
  const simple = SIMPLE.get(char);
  if (simple) return simple;
  const code = char.codePointAt(0)!;
  if (code >= 0xd800 && code < 0xe000) return '\ufffd';
  if (PRINTABLE.test(char)) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
