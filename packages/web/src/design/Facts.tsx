import type { ReactNode } from 'react';

export interface Fact {
  value: ReactNode;
  label: string;
  tone?: 'bad' | 'good' | undefined;
}

/** The three to five numbers that answer a page's question. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map((fact) => (
        <div key={fact.label}>
          <dt>{fact.label}</dt>
          <dd className={fact.tone ? `facts-${fact.tone}` : undefined}>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Names and what they are, one below the other. */
export function Pairs({ pairs }: { pairs: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) => [<dt key={`${name} name`}>{name}</dt>, <dd key={name}>{value}</dd>])}
    </dl>
  );
}
