/** Changes letters one by one, as Go does: a letter whose other case is several characters stays as it is. */
function letterByLetter(text: string, change: (char: string) => string): string {
  let changed = '';
  for (const char of text) {
    const other = change(char);
    changed += other.length === char.length ? other : char;
  }
  return changed;
}

const ascii = /^[\0-\x7f]*$/;

export const lowercase = (text: string): string =>
  ascii.test(text) ? text.toLowerCase() : letterByLetter(text, (char) => (char === 'İ' ? 'i' : char.toLowerCase()));

export const uppercase = (text: string): string =>
  ascii.test(text) ? text.toUpperCase() : letterByLetter(text, (char) => char.toUpperCase());
