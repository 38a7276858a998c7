/** What two runs of the same exchanges differ in. */
import type { Notes } from './apps/seen.ts';
import type { Exchange, Transcript } from './wire.ts';

/** What is noted of a connection, of which the server knows only the port, gets the name of the exchange on it. */
export function withNames(notes: Notes, transcripts: Seen['transcripts']): Notes {
  const names = new Map([...transcripts].map(([name, { port }]) => [`port ${port}`, `${name}${CONNECTION}`]));
  return Object.fromEntries(Object.entries(notes).map(([key, texts]) => [names.get(key) ?? key, texts]));
}

const CONNECTION = ', its connection';

export interface Seen {
  readonly transcripts: ReadonlyMap<string, Transcript>;
  readonly notes: Notes;
}

/** One line for each difference; none is wanted. */
export function differences(exchanges: readonly Exchange[], without: Seen, present: Seen): string[] {
  const named = (those: readonly Exchange[]) => new Set(those.map(({ name }) => name));
  const racy = named(exchanges.filter((exchange) => exchange.racy));
  const left = named(exchanges.filter(({ steps }) => steps.some((step) => 'destroy' in step)));
  const found = exchanges.flatMap(({ name }) => {
    const [expected, actual] = [without, present].map(({ transcripts }) => transcripts.get(name));
    const same = racy.has(name) ? begins(expected, actual) : show(expected) === show(actual);
    return same ? [] : [`bytes of "${name}": ${firstDifference(show(expected), show(actual))}`];
  });
  for (const name of new Set([...Object.keys(without.notes), ...Object.keys(present.notes)])) {
    const [expected, actual] = [without, present].map(({ notes }) => told(name, notes[name] ?? [], racy, left));
    if (expected !== actual) found.push(`what "${name}" saw:\n    ${expected}\n    ${actual}`);
  }
  return found;
}

/** Whether one has the other's bytes, and perhaps more. */
const begins = (a: Transcript | undefined, b: Transcript | undefined): boolean =>
  a !== undefined && b !== undefined && (a.bytes.startsWith(b.bytes) || b.bytes.startsWith(a.bytes));

/**
 * Without an exchange of their own, events come in the order in which exchanges run side by side. A client that leaves
 * is told of as a reset, as a body that ended too early, or not at all, by what of it comes first.
 */
function told(name: string, notes: readonly string[], racy: ReadonlySet<string>, left: ReadonlySet<string>): string {
  if (name === 'none' || name === 'process') {
    return [...notes.filter((note) => !/ECONNRESET|EPIPE/.test(note))].sort().join(', ');
  }
  if (name.endsWith(CONNECTION) && left.has(name.slice(0, -CONNECTION.length))) return '';
  if (racy.has(name)) return [...new Set(notes.filter(isEnd))].sort().join(', ');
  return notes.join(', ');
}

const isEnd = (note: string): boolean => /response close|request close/.test(note);

const show = (transcript: Transcript | undefined): string =>
  transcript ? JSON.stringify([transcript.bytes, transcript.ended]) : 'none';

function firstDifference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const from = Math.max(0, at - 60);
  return `at ${at}\n    ${expected.slice(from, at + 100)}\n    ${actual.slice(from, at + 100)}`;
}
