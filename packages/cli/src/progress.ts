import type { Terminal } from './terminal.ts';

/** Waits for `work` and, from its second second on, says on standard error what is waited for. */
export async function withProgress<T>(terminal: Terminal, label: () => string, work: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  let shown = '';
  const draw = () => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const text = label();
    if (terminal.drawsProgress) terminal.err(`\r\u001b[K${text} … ${seconds} s`);
    else if (text !== shown) terminal.err(`${text} …\n`);
    shown = text;
  };
  const timer = setInterval(draw, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown && terminal.drawsProgress) terminal.err('\r\u001b[K');
  }
}
