/**
 * Calls `told` at the first SIGTERM. Node ends a process by SIGTERM only while nobody listens: where no one else does, the
 * signal is sent again once this listener is gone, so that the process ends as it would have.
 */
export function onSigterm(told: () => void): void {
  process.once('SIGTERM', () => {
    told();
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
  });
}
