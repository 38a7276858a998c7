import type { Incident } from '@nightshift/server/api';
import type { ReactNode } from 'react';
import { Pairs } from '../../design/Facts.tsx';
import { Section } from '../../design/Section.tsx';
import { Tag } from '../../design/Tag.tsx';
import { NONE } from '../../figures/figure.ts';
import { isBurning } from '../../figures/incident.ts';
import { duration } from '../../time/clock.ts';
import { ANCHOR } from './anchors.ts';
import { HunkLink } from './Why.tsx';

/** Who serves now, what is known, and what comes next. */
export function Standing({ incident }: { incident: Incident }) {
  const { release, goodRelease, impact, candidates } = incident;
  const [best] = candidates;
  const pairs: [string, ReactNode][] = [
    [
      'Serving',
      isBurning(incident) ? (
        <>
          {incident.badVersion} <Tag tone="bad">the failing version</Tag>
        </>
      ) : (
        <>
          {incident.goodVersion ?? NONE} <Tag tone="good">last good</Tag>
        </>
      ),
    ],
    [
      'Failing release',
      `${release.version} ${release.revision.slice(0, 10)} by ${release.createdBy}: ${release.stateReason || release.state}`,
    ],
    ['Good release', goodRelease ? `${goodRelease.version} ${goodRelease.revision.slice(0, 10)}` : NONE],
    ['Noticed', impact.detectedMs === null ? NONE : `${duration(impact.detectedMs)} after the first failure`],
    [
      'Likeliest cause',
      best ? (
        best.hunk === null ? (
          best.text
        ) : (
          <HunkLink key="hunk" rank={best.hunk}>
            {best.text}
          </HunkLink>
        )
      ) : (
        'not known'
      ),
    ],
  ];
  return (
    <Section title="Where it stands" id={ANCHOR.release}>
      <Pairs pairs={pairs} />
    </Section>
  );
}
