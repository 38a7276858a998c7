/** What a server says of what it refuses. */

/** Of an answer's text, for people. */
const shownCharacters = 300;

export const firstLine = (text: string): string => text.trim().split('\n', 1)[0]!.trim().slice(0, shownCharacters);

/** How Prometheus (storage/interface.go) and Nightshift begin to say why they refuse single samples of a request. */
const words = [
  ['out of order', 'out of order'],
  ['out of bounds', 'out of bounds'],
  ['too old sample', 'too old sample'],
  ['duplicate sample', 'duplicate'],
  ['new series were refused', 'series limit'],
] as const;

/** Reasons for which samples are refused one by one, as far as the text names them; in a fixed order, to be a label. */
export const namedReasons = (text: string): string[] =>
  words.filter(([said]) => text.includes(said)).map(([, reason]) => reason);
