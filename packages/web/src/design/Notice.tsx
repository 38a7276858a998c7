import type { ReactNode } from 'react';

/** Something a person should know above the rest of the page; `bad` is announced at once. */
export function Notice({
  tone = 'plain',
  children,
}: {
  tone?: 'plain' | 'bad' | 'lamp' | 'good';
  children: ReactNode;
}) {
  return (
    <div className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}
