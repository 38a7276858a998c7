import type { GatewayEvent } from '@nightshift/gateway/protocol';
import type { Release } from '../api/api.ts';

/** States of a release whose processes run. */
export const RUNNING: ReadonlySet<Release['state']> = new Set<Release['state']>(['starting', 'live', 'good', 'bad']);

/**
 * The release after the event, the very same object if the event changes nothing; folding an event again changes nothing.
 * Events of other releases of the service count too: one that goes live supersedes its predecessor, and a rollback brings
 * its target back. Times are the event's.
 */
export function foldReleaseEvent<R extends Release>(release: R, event: GatewayEvent): R {
  if (event.service !== release.service) return release;
  return event.release === release.id ? foldOwn(release, event) : foldOther(release, event);
}

function foldOwn<R extends Release>(release: R, event: GatewayEvent): R {
  switch (event.kind) {
    case 'release.live':
      return release.state === 'starting'
        ? {
            ...release,
            state: 'live',
            stateReason: `Took all traffic after ${event.startedInMs} ms.`,
            liveAt: event.at,
          }
        : release;
    case 'release.promoted':
      return release.state === 'live'
        ? { ...release, state: 'good', stateReason: event.verdict.reason, verdict: event.verdict }
        : release;
    case 'guard.verdict':
      return foldVerdict(release, event);
    case 'rollback.done':
      return RUNNING.has(release.state)
        ? { ...release, state: 'rolled-back', stateReason: event.reason, endedAt: event.at }
        : release;
    case 'rollback.withheld':
      return release.state === 'bad' && release.stateReason !== event.reason
        ? { ...release, stateReason: event.reason }
        : release;
    case 'release.failed':
      return RUNNING.has(release.state)
        ? { ...release, state: 'failed', stateReason: event.reason, endedAt: event.at }
        : release;
    default:
      return release;
  }
}

function foldVerdict<R extends Release>(release: R, event: Extract<GatewayEvent, { kind: 'guard.verdict' }>): R {
  if (event.verdict.decision !== 'bad' || (release.state !== 'live' && release.state !== 'good')) return release;
  return { ...release, state: 'bad', stateReason: event.verdict.reason, verdict: event.verdict };
}

function foldOther<R extends Release>(release: R, event: GatewayEvent): R {
  if (event.kind === 'release.live' && event.previous === release.id) {
    return release.state === 'live' || release.state === 'good'
      ? { ...release, state: 'superseded', stateReason: 'A newer release took its traffic.', endedAt: event.at }
      : release;
  }
  if (event.kind === 'rollback.done' && event.to === release.id && release.state === 'superseded') {
    return { ...release, state: 'good', stateReason: 'Took the traffic back as the last good version.', endedAt: null };
  }
  return release;
}
