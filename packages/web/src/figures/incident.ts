import type { Impact, IncidentState, IncidentSummary } from '@nightshift/server/api';
import type { Fact } from '../design/Facts.tsx';
import type { Tone } from '../design/Tag.tsx';
import { duration } from '../time/clock.ts';
import { count, NONE, percent } from './figure.ts';

const TONE: Record<IncidentState, Tone> = {
  opened: 'bad',
  acknowledged: 'lamp',
  mitigated: 'good',
  resolved: 'plain',
  reviewed: 'plain',
};

export const stateTone = (state: IncidentState): Tone => TONE[state];

/** Still wants somebody: neither resolved nor reviewed. */
export const isOpen = ({ state }: Pick<IncidentSummary, 'state'>): boolean =>
  state !== 'resolved' && state !== 'reviewed';

/** Users are still served by what failed. */
export const isBurning = ({ state, mitigatedAt }: Pick<IncidentSummary, 'state' | 'mitigatedAt'>): boolean =>
  mitigatedAt === null && (state === 'opened' || state === 'acknowledged');

/** What users felt, and what is left of what they were promised. */
export function impactFacts(impact: Impact, good: string | null): Fact[] {
  const facts: Fact[] = [
    {
      value: count(impact.visible),
      label: impact.visible === 1 ? 'request a user saw fail' : 'requests users saw fail',
      tone: impact.visible > 0 ? 'bad' : undefined,
    },
    { value: count(impact.saved), label: 'answered by the last good version instead' },
    {
      value: impact.restoredMs === null ? NONE : duration(impact.restoredMs),
      label:
        impact.restoredMs === null
          ? 'not restored yet'
          : `from the first failure until ${good ?? 'the last good version'} served all`,
    },
  ];
  if (impact.budgetSeconds > 0) {
    facts.push(
      {
        value: percent(impact.budgetUsedSeconds / impact.budgetSeconds),
        label: `of the ${duration(impact.budgetSeconds * 1000)} promised for the year used`,
      },
      { value: duration((impact.budgetSeconds - impact.budgetUsedSeconds) * 1000), label: 'left until 31 December' },
    );
  }
  return facts;
}
