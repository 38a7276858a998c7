import { allowGarbage } from './allow-garbage.ts';
import { type ServeOptions, startServer } from './serve.ts';

/** Longest a stop may take before the process ends all the same. */
const stopMs = 10_000;

/**
 * `nightshift serve`: starts, says where it is, and stops on SIGTERM or SIGINT. Resolves when it is up. `write` gets the
 * lines for a person.
 */
export async function runServe(options: ServeOptions, write = (line: string) => console.log(line)): Promise<void> {
  allowGarbage();
  const server = await startServer(options);
  write(`Nightshift is up: ${server.url}`);
  write(`OTLP over HTTP:   ${server.otlpUrl}`);
  write(`OTLP over gRPC:   ${server.otlpGrpcUrl}`);
  write(`Data directory:   ${server.dataDir}`);
  if (server.firstPassword) {
    write(`Log in as admin with the one-time password ${server.firstPassword}`);
    write('It is shown this once; you choose your own after logging in.');
  }
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(130);
    stopping = true;
    write(`${signal}: stopping (the gateway goes on; again to stop at once)`);
    setTimeout(() => process.exit(1), stopMs).unref();
    void server.close().then(() => process.exit(0));
  };
  process.on('SIGHUP', () => {
    server.reload().then(
      () =>
        write(
          'SIGHUP: the retention of metrics, the limits of ingest, the rule files and the scrape configuration were read anew',
        ),
      (error: unknown) => write(`SIGHUP: what runs goes on.\n${error instanceof Error ? error.message : error}`),
    );
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
