import type { Destinations } from '../destinations.ts';
import type { Destination } from '../forward/destination.ts';

const timeOf = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

/** The address without a password that may stand in it. */
function shownUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = 'xxxxx';
  return parsed.href;
}

function shown({ config, message, failure, spool, counts }: Destination): object {
  return {
    name: config.name,
    url: shownUrl(config.url),
    protobufMessage: message,
    health: failure === undefined ? 'up' : failure.isDenied ? 'denied' : 'down',
    lastError: failure?.reason ?? '',
    failingSince: timeOf(failure?.since ?? 0),
    pendingBytes: spool.pendingBytes,
    newestSent: timeOf(counts.newestSent),
    samplesSent: counts.samplesSent,
    samplesLost: Object.fromEntries(counts.samplesLost),
  };
}

/** Each destination with what it takes, and why not. */
export const destinationsAnswer = (destinations: Pick<Destinations, 'list'>): object => ({
  status: 'success',
  data: { destinations: destinations.list().map(shown) },
});
