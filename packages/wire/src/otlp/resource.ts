import type { Resource } from '../batch.ts';
import { attributesOf, type KeyValue } from './any-value.ts';
import { Message } from './message.ts';

/** opentelemetry.proto.resource.v1.Resource, and the scope of which only the name is kept. */
export interface ResourceMessage {
  attributes: KeyValue[];
}

export interface ScopeMessage {
  name: string;
}

export const RESOURCE = new Message<ResourceMessage>(
  () => ({ attributes: [] }),
  [{ number: 1, name: 'attributes', kind: 'attribute', repeated: true }],
);

export const SCOPE = new Message<ScopeMessage>(() => ({ name: '' }), [{ number: 1, name: 'name', kind: 'string' }]);

/** The resource of all the telemetry below it; before semantic conventions 1.27 the environment was `deployment.environment`. */
export function resourceOf(message: ResourceMessage | undefined): Resource {
  const attributes = attributesOf(message?.attributes ?? []);
  return {
    service: attributes.get('service.name') ?? '',
    version: attributes.get('service.version') ?? '',
    environment: attributes.get('deployment.environment.name') ?? attributes.get('deployment.environment') ?? '',
    attributes,
  };
}
