/** What two runs of the same exchanges differ in. */
import type { Notes } from './apps/seen.ts';
import type { Exchange, Transcript } from './wire.ts';

export interface Seen {
  readonly transcripts: ReadonlyMap<string, Transcript>;
  readonly notes: Notes;
}

/** One line for each difference; none is wanted. */
export function differences(exchanges: readonly Exchange[], without: Seen, present: Seen): string[] {
  const racy = new Set(exchanges.filter((exchange) => exchange.racy).map(({ name }) => name));
  const found = exchanges.flatMap(({ name }) => {
    const [expected, actual] = [without, present].map(({ transcripts }) => transcripts.get(name));
    const same = racy.has(name) ? begins(expected, actual) : JSON.stringify(expected) === JSON.stringify(actual);
    return same ? [] : [`bytes of "${name}": ${firstDifference(show(expected), show(actual))}`];
  });
  for (const name of new Set([...Object.keys(without.notes), ...Object.keys(present.notes)])) {
    const [expected, actual] = [without, present].map(({ notes }) => told(name, notes[name] ?? [], racy));
    if (expected !== actual) found.push(`what "${name}" saw:\n    ${expected}\n    ${actual}`);
  }
  return found;
}

/** Whether one has the other's bytes, and perhaps more. */
const begins = (a: Transcript | undefined, b: Transcript | undefined): boolean =>
  a !== undefined && b !== undefined && (a.bytes.startsWith(b.bytes) || b.bytes.startsWith(a.bytes));

/** Without an exchange of their own, events come in the order in which exchanges run side by side. */
function told(name: string, notes: readonly string[], racy: ReadonlySet<string>): string {
  if (name === 'none' || name === 'process') {
    return [...notes.filter((note) => !/ECONNRESET|EPIPE/.test(note))].sort().join(', ');
  }
  if (racy.has(name)) return [...new Set(notes.filter(isEnd))].sort().join(', ');
  return notes.join(', ');
}

const isEnd = (note: string): boolean => /response close|request close/.test(note);

const show = (transcript: Transcript | undefined): string => JSON.stringify(transcript) ?? 'none';

function firstDifference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const from = Math.max(0, at - 60);
  return `at ${at}\n    ${expected.slice(from, at + 100)}\n    ${actual.slice(from, at + 100)}`;
}
