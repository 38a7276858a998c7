import { startGateway } from './gateway.ts';

/**
 * The gateway as a process: runs until SIGTERM, SIGINT or POST /stop, then drains and stops its children. Resolves when all
 * is stopped, so that the caller may exit. SIGHUP is ignored: the gateway outlives the terminal and the `serve` that began it.
 */
export async function runGateway(dir: string): Promise<void> {
  const gateway = await startGateway({ dir });
  const stop = () => void gateway.close();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => {});
  await gateway.stopped;
  process.off('SIGTERM', stop);
  process.off('SIGINT', stop);
}
