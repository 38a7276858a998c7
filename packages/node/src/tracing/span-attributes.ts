/**
 * What a framework says by an attribute of a span that it makes with OpenTelemetry's API, as Next.js does of its route with
 * `next.route`. Called at once, where the framework sets it, for spans of sampled and unsampled traces alike.
 */
import type { AttributeValue } from './tracer.ts';

/** Must not throw. */
export type AttributeListener = (value: AttributeValue) => void;

const listeners = new Map<string, Set<AttributeListener>>();

/** Gives the way back. */
export function onSpanAttribute(name: string, listener: AttributeListener): () => void {
  const those = listeners.get(name) ?? new Set();
  listeners.set(name, those.add(listener));
  return () => {
    those.delete(listener);
    if (those.size === 0 && listeners.get(name) === those) listeners.delete(name);
  };
}

export function tellAttribute(name: string, value: AttributeValue): void {
  const those = listeners.get(name);
  if (those) for (const listener of those) listener(value);
}
