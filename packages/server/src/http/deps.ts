import type {
  Incident,
  IncidentState,
  IncidentSummary,
  Release,
  ReleaseRequest,
  ServiceSummary,
  Status,
} from '../api/api.ts';
import type { Config } from '../config/schema.ts';
import type { Control } from '../control/control.ts';
import type { Store, TimeRange } from '../store/store.ts';

export interface ReleaseService {
  /** `by` is the name of the person, or `token NAME`. Returns once the release is accepted; it starts afterwards. */
  start(request: ReleaseRequest, by: string): Promise<Release>;
  /** Newest first. */
  list(service?: string): Promise<Release[]>;
  get(id: string): Promise<Release | null>;
  /** The release that was taken back; NOT_FOUND or CONFLICT where there is nothing to take back or to go back to. */
  rollback(service: string, reason: string, by: string): Promise<Release>;
}

export interface IncidentService {
  /** Newest first. */
  list(): Promise<IncidentSummary[]>;
  get(id: string): Promise<Incident | null>;
  /** null for no such incident; CONFLICT for a state that cannot follow the present one. */
  setState(id: string, state: IncidentState, by: string): Promise<Incident | null>;
  /** null for no such incident. */
  report(id: string, format: 'md' | 'html'): Promise<string | null>;
}

export interface ServiceBoard {
  summaries(range: TimeRange): Promise<ServiceSummary[]>;
}

/** Where the server's own log lines go: fields first, as pino does. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface HttpDeps {
  readonly control: Control;
  readonly store: Store;
  readonly config: Config;
  readonly now: () => number;
  /** Directory of the built web application; null or one without index.html serves the API alone. */
  readonly webDir: string | null;
  readonly releases: ReleaseService;
  readonly incidents: IncidentService;
  readonly services: ServiceBoard;
  status(): Promise<Status>;
  /** Answers /ready: '' when telemetry can be taken, else why not. */
  readonly notReady?: () => string;
  readonly log: Log;
}
