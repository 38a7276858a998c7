/** `traceparent`, `tracestate` (https://www.w3.org/TR/trace-context/) and `baggage` (https://www.w3.org/TR/baggage/). */
import {
  type Baggage,
  baggageEntryMetadataFromString,
  createTraceState,
  isSpanContextValid,
  propagation,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const FIELDS = ['traceparent', 'tracestate', 'baggage'] as const;
/** Limits of the specification. */
const MOST_BAGGAGE = 8192;
const MOST_ENTRIES = 180;

export const propagator: TextMapPropagator = {
  fields: () => [...FIELDS],
  inject(context, carrier, setter) {
    const ids = trace.getSpanContext(context);
    if (ids && isSpanContextValid(ids)) {
      const { traceId, spanId, traceFlags, traceState } = ids;
      setter.set(carrier, 'traceparent', formatTraceparent({ traceId, spanId, sampled: (traceFlags & 1) === 1 }));
      const state = traceState?.serialize();
      if (state) setter.set(carrier, 'tracestate', state);
    }
    const baggage = propagation.getBaggage(context);
    const text = baggage ? formatBaggage(baggage) : '';
    if (text !== '') setter.set(carrier, 'baggage', text);
  },
  extract(context, carrier, getter) {
    const [traceparent, tracestate, baggage] = FIELDS.map((name) => [getter.get(carrier, name) ?? []].flat().join(','));
    let extracted = context;
    const ids = traceparent ? parseTraceparent(traceparent) : undefined;
    if (ids) {
      extracted = trace.setSpanContext(extracted, {
        traceId: ids.traceId,
        spanId: ids.spanId,
        traceFlags: ids.sampled ? 1 : 0,
        isRemote: true,
        ...(tracestate && { traceState: createTraceState(tracestate) }),
      });
    }
    return baggage ? propagation.setBaggage(extracted, parseBaggage(baggage)) : extracted;
  },
};

function formatBaggage(baggage: Baggage): string {
  let text = '';
  for (const [name, { value, metadata }] of baggage.getAllEntries().slice(0, MOST_ENTRIES)) {
    const entry = `${name}=${encodeURIComponent(value)}${metadata ? `;${metadata.toString()}` : ''}`;
    if (text.length + entry.length + 1 <= MOST_BAGGAGE) text += text === '' ? entry : `,${entry}`;
  }
  return text;
}

function parseBaggage(header: string): Baggage {
  const entries = header
    .slice(0, MOST_BAGGAGE)
    .split(',')
    .slice(0, MOST_ENTRIES)
    .flatMap((entry) => {
      const [pair = '', ...properties] = entry.split(';');
      const at = pair.indexOf('=');
      if (at < 1) return [];
      const metadata = properties.join(';').trim();
      const value = decoded(pair.slice(at + 1).trim());
      return [
        [
          pair.slice(0, at).trim(),
          { value, ...(metadata !== '' && { metadata: baggageEntryMetadataFromString(metadata) }) },
        ] as const,
      ];
    });
  return propagation.createBaggage(Object.fromEntries(entries));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
