import type { IncidentSummary, ServiceSummary, Status } from '@nightshift/server/api';
import { counted } from './figure.ts';
import { isBurning, isOpen } from './incident.ts';

export interface Answer {
  tone: 'good' | 'lamp' | 'bad' | 'plain';
  /** A sentence: is production all right? */
  words: string;
}

/** Above this share of failed requests a service is said to be failing. */
const FAILING_RATIO = 0.01;

/** Only what is known: without telemetry the answer is that nothing is known. */
export function productionAnswer(
  services: readonly ServiceSummary[],
  incidents: readonly IncidentSummary[],
  status?: Status,
): Answer {
  const burning = incidents.filter(isBurning);
  if (burning.length === 1) return { tone: 'bad', words: `Something is wrong: ${burning[0]!.title}` };
  if (burning.length > 1)
    return { tone: 'bad', words: `Something is wrong: ${burning.length} incidents are not mitigated` };
  const failing = services.filter(
    (service) => (service.errorRatio ?? 0) > FAILING_RATIO && service.openIncident === null,
  );
  if (failing.length === 1) return { tone: 'lamp', words: `${failing[0]!.service} fails more than it should` };
  if (failing.length > 1) return { tone: 'lamp', words: `${failing.length} services fail more than they should` };
  if (status?.engine.state === 'down') return { tone: 'lamp', words: 'Nightshift cannot read its storage' };
  if (services.length === 0) return { tone: 'plain', words: 'Nothing is watched yet' };
  const open = incidents.filter(isOpen).length;
  if (open > 0)
    return { tone: 'good', words: `Production is all right again; ${counted(open, 'incident')} to look through` };
  return { tone: 'good', words: 'Production is all right' };
}

export interface Totals {
  requestsPerSecond: number | null;
  /** Failed share of all requests, each service weighted by its rate. */
  errorRatio: number | null;
  /** The slowest service's p99. */
  worstP99Ms: number | null;
}

export function productionTotals(services: readonly ServiceSummary[]): Totals {
  let requests = 0;
  let failed = 0;
  let known = false;
  let worst: number | null = null;
  for (const service of services) {
    if (service.p99Ms !== null) worst = Math.max(worst ?? 0, service.p99Ms);
    if (service.requestsPerSecond === null) continue;
    known = true;
    requests += service.requestsPerSecond;
    failed += service.requestsPerSecond * (service.errorRatio ?? 0);
  }
  return {
    requestsPerSecond: known ? requests : null,
    errorRatio: requests > 0 ? failed / requests : null,
    worstP99Ms: worst,
  };
}
