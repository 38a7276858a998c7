/** Lines of a file of the kernel, each cut at its white space. */
export const rows = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== '');

/** Undefined where it is no decimal number. */
export const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;

/** As a number in hexadecimal with `0x`, or in decimal. */
export const anyNumberOf = (text: string): number | undefined =>
  /^0x[0-9a-f]+$/i.test(text) ? Number(text) : numberOf(text);
