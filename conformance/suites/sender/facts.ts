import type { RawSample, RawSeries } from './raw-request.ts';
import type { Received } from './receiver.ts';

/** What is asked of a recording, told as what is wrong. */

/** Undefined where it holds. */
export const holds = (condition: boolean, wrong: string): string | undefined => (condition ? undefined : wrong);

/** The first that is wrong of several. */
export const both = (...wrongs: readonly (string | undefined)[]): string | undefined =>
  wrongs.find((wrong) => wrong !== undefined);

export const seriesIn = (received: readonly Received[]): RawSeries[] =>
  received.flatMap(({ request }) => request.series);

export const labelOf = ({ labels }: RawSeries, name: string): string | undefined =>
  labels.find(([own]) => own === name)?.[1];

/** The bits of Prometheus' stale marker, low and high. */
const STALE: RawSample['bits'] = [2, 0x7ff00000];

export const isStale = ({ bits }: RawSample): boolean => bits[0] === STALE[0] && bits[1] === STALE[1];

/** With markers of the end of a series, which every series has whose target could not be scraped in time. */
export const namedWithEnds = (received: readonly Received[], name: string): RawSeries[] =>
  seriesIn(received).filter((series) => labelOf(series, '__name__') === name);

export const named = (received: readonly Received[], name: string): RawSeries[] =>
  namedWithEnds(received, name).filter(({ samples }) => samples.length === 0 || !samples.every(isStale));

/** Every series of the name must be so, and there must be one. */
export function each(
  received: readonly Received[],
  name: string,
  check: (series: RawSeries) => boolean,
  what: string,
): string | undefined {
  const found = named(received, name);
  if (found.length === 0) return `no series ${name} was sent`;
  const bad = found.find((series) => !check(series));
  return bad && `${name}: not ${what}: ${JSON.stringify(bad).slice(0, 300)}`;
}

/** Every series of all must be so, and there must be one. */
export function every(received: readonly Received[], check: (series: RawSeries) => boolean, what: string) {
  const found = seriesIn(received);
  const bad = found.find((series) => !check(series));
  if (found.length === 0) return 'nothing was sent';
  return bad && `not ${what}: ${JSON.stringify(bad).slice(0, 300)}`;
}

/** Whether it brings anything: relabelling may leave nothing of a scrape. */
export const isFilled = ({ request }: Received): boolean => request.series.length > 0;

/** Requests by their body: how often each was sent, in milliseconds of the clock. */
export function attempts(received: readonly Received[]): number[][] {
  const times = new Map<string, number[]>();
  for (const { block, at } of received.filter(isFilled)) {
    const key = block.toString('base64');
    times.set(key, [...(times.get(key) ?? []), at]);
  }
  return [...times.values()];
}

/** Time and value of every sample of a counter, in the order of their coming. */
export const counted = (received: readonly Received[]): string[] =>
  named(received, 'ticks_total').flatMap(({ samples }) =>
    samples.map(({ timestamp, value }) => `${timestamp} ${value}`),
  );

/** What was taken is what another destination got as well: nothing is missing, nothing came twice, nothing too late. */
export function gapless(taken: readonly Received[], reference: readonly Received[]): string | undefined {
  const got = counted(taken);
  const expected = counted(reference).slice(0, got.length);
  if (got.length < 3) return `only ${got.length} samples`;
  const wrong = expected.findIndex((one, i) => one !== got[i]);
  return wrong < 0 ? undefined : `${got[wrong]} where ${expected[wrong]} should be`;
}
