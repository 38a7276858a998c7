/** Edits (insert, delete, replace, swap of neighbours) between two words: optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '');

// In a word of four letters two edits make any other word.
const slips = (word: string): number => (word.length <= 4 ? 1 : Math.max(2, Math.floor(word.length / 3)));

/** The candidate with the fewest edits, whatever its case and separators; undefined where even that is a different word. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance <= slips(candidate) && (!best || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  return best?.candidate;
}

/** The shortest candidate that has every word of `name`, for a name whose first part was left out; both in UPPER_SNAKE_CASE. */
export function longerForm(name: string, candidates: readonly string[]): string | undefined {
  const words = name.split('_');
  return candidates
    .filter((candidate) => words.every((word) => candidate.split('_').includes(word)))
    .sort((a, b) => a.length - b.length)[0];
}
