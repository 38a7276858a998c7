import type { GatewayEvent } from '@nightshift/gateway/protocol';
import { encodeWriteRequest, type WriteSeries } from '@nightshift/wire';
import type { JournalRecord } from '../../spool/journal.ts';
import type { EventRepository, ReleaseRepository } from '../repositories.ts';
import { lineFields } from './log-severity.ts';
import { type TrafficLabels, TrafficTotals } from './traffic-totals.ts';

export interface EventRecordsOptions {
  readonly releases: ReleaseRepository;
  readonly events: EventRepository;
}

/**
 * Turns gateway events into what collect journals: `traffic` into remote-write samples, `log` into JSON lines, `trace`
 * into OTLP/JSON. Events must come in order of seq. Their times are the events' own, also in `receivedAt`.
 */
export class EventRecords {
  readonly #options: EventRecordsOptions;
  readonly #totals = new Map<string, { totals: TrafficTotals; upTo: number }>();

  constructor(options: EventRecordsOptions) {
    this.#options = options;
  }

  records(events: readonly GatewayEvent[]): JournalRecord[] {
    const series: WriteSeries[] = [];
    const lines: string[] = [];
    const traces: JournalRecord[] = [];
    for (const event of events) {
      if (event.kind === 'traffic') series.push(...this.#samples(event));
      else if (event.kind === 'log') lines.push(...this.#lines(event));
      else if (event.kind === 'trace')
        traces.push(record('otlp-traces', 'json', event.at, text(JSON.stringify(event.otlp))));
    }
    const at = events.at(-1)?.at ?? 0;
    return [
      ...(series.length > 0 ? [record('remote-write', 'protobuf', at, encodeWriteRequest(series))] : []),
      ...(lines.length > 0 ? [record('json-logs', 'ndjson', at, text(`${lines.join('\n')}\n`))] : []),
      ...traces,
    ];
  }

  #samples(event: Extract<GatewayEvent, { kind: 'traffic' }>): WriteSeries[] {
    const entry = this.#totals.get(event.release) ?? { totals: new TrafficTotals(), upTo: 0 };
    if (entry.upTo >= event.seq || entry.upTo === 0) {
      // The first one since the start, or a repeat: count again from what is stored.
      entry.totals = this.#rebuilt(event.release, event.seq);
    }
    entry.totals.add(event);
    entry.upTo = event.seq;
    this.#totals.set(event.release, entry);
    return entry.totals.series(this.#labels(event), event.at);
  }

  #rebuilt(release: string, beforeSeq: number): TrafficTotals {
    const totals = new TrafficTotals();
    const pruned = this.#options.events.prunedTraffic(release);
    if (pruned) totals.add(pruned);
    for (const event of this.#options.events.forRelease(release)) {
      if (event.kind === 'traffic' && event.seq < beforeSeq) totals.add(event);
    }
    return totals;
  }

  #lines(event: Extract<GatewayEvent, { kind: 'log' }>): string[] {
    const labels = this.#labels(event);
    return event.lines.map((line, index) => {
      const fields = lineFields(line.text, line.stream);
      return JSON.stringify({
        time: new Date(line.at).toISOString(),
        service: labels.service,
        version: labels.version,
        environment: labels.environment,
        level: fields.severityText.toLowerCase(),
        message: line.text,
        ...(fields.traceId === '' ? {} : { trace_id: fields.traceId }),
        ...(fields.spanId === '' ? {} : { span_id: fields.spanId }),
        'nightshift.release': event.release,
        'nightshift.seq': `${event.seq}.${index}`,
        'log.iostream': line.stream === 2 ? 'stderr' : 'stdout',
      });
    });
  }

  #labels(event: GatewayEvent): TrafficLabels {
    const release = this.#options.releases.get(event.release);
    return {
      service: event.service,
      version: release?.version ?? '',
      environment: release?.environment ?? '',
      release: event.release,
    };
  }
}

function record(
  kind: JournalRecord['kind'],
  format: JournalRecord['format'],
  receivedAt: number,
  body: Uint8Array,
): JournalRecord {
  return { kind, format, receivedAt, body };
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
