/** The library beside OpenTelemetry's own API, and its own SDK, of other versions than that of the library. */
import { nightshift } from '../../src/nightshift.ts';

const [, , endpoint = '', way = ''] = process.argv;
const ns = nightshift({ endpoint, serviceName: 'api', exportInterval: 86_400_000 });
// Loaded after the library, as an application does.
const { trace } = await import('@opentelemetry/api');
const seen: string[] = [];
if (way === 'sdk') {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const parents = new Map<string, string | undefined>();
  const processor = {
    onStart() {},
    onEnd(span: { readonly name: string; readonly parentSpanContext?: { readonly spanId: string } }) {
      seen.push(span.name);
      parents.set(span.name, span.parentSpanContext?.spanId);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const sdk = new NodeSDK({ spanProcessors: [processor], instrumentations: [] });
  sdk.start();
  trace.getTracer('x').startActiveSpan('outer', (span) => {
    trace.getTracer('x').startSpan('inner').end();
    span.end();
    seen.push(String(parents.get('inner') === span.spanContext().spanId));
  });
  await sdk.shutdown();
} else {
  ns.measure('whole', {}, () => trace.getTracer('x').startActiveSpan('inner', (span) => span.end()));
}
process.stdout.write(JSON.stringify(seen));
await ns.close();
