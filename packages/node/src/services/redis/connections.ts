/** What happens on connections to Redis beside commands. */
import type { Hub } from '../../core/hub.ts';
import type { CounterMeter, Meters } from '../../metrics/meters.ts';

export interface RedisConnections {
  readonly messages: CounterMeter;
  readonly reconnects: CounterMeter;
  readonly errors: CounterMeter;
}

const made = new WeakMap<Meters, RedisConnections>();

/** Both clients count in the same metrics, which a registry takes once. Labels: the name of the client. */
export function redisConnectionsOf({ meters }: Hub): RedisConnections {
  const known = made.get(meters);
  if (known) return known;
  const labels = ['client'];
  const connections: RedisConnections = {
    messages: meters.counter({
      name: 'redis_client_messages_received_total',
      help: 'Messages that came on channels the application has subscribed to.',
      labels,
    }),
    reconnects: meters.counter({
      name: 'redis_client_reconnects_total',
      help: 'Attempts to connect again after a connection was lost or could not be made.',
      labels,
    }),
    errors: meters.counter({
      name: 'redis_client_connection_errors_total',
      help: 'Errors of connections, not of commands.',
      labels,
    }),
  };
  made.set(meters, connections);
  return connections;
}
