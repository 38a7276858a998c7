export { drivers, type ReleaseDriver } from './drivers/index.ts';
export { createProcessDriver, PROCESS_DEFAULTS, type ProcessDefaults } from './drivers/process.ts';
export { EventPruner, type EventPrunerOptions } from './event-pruner.ts';
export { EventPump, type EventPumpOptions, type TelemetrySink } from './event-pump.ts';
export { foldReleaseEvent } from './fold-release-event.ts';
export { ensureGateway, type GatewayProcessOptions } from './gateway-process.ts';
export { IncidentService, type IncidentServiceOptions } from './incident-service.ts';
export { createReleaseService, type ReleaseService } from './release-service.ts';
export { renderHtml } from './report/html.ts';
export { renderMarkdown } from './report/markdown.ts';
export type {
  EventRepository,
  IncidentRecord,
  IncidentRepository,
  ReleaseRecord,
  ReleaseRepository,
} from './repositories.ts';
export { EventRecords, type EventRecordsOptions } from './telemetry/event-records.ts';
