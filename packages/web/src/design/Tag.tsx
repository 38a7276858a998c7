import type { ReactNode } from 'react';

export type Tone = 'plain' | 'good' | 'bad' | 'lamp' | 'info';

export function Tag({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`tag tag-${tone}`}>{children}</span>;
}
