import type { Incident } from '@nightshift/server/api';
import { Pairs } from '../../design/Facts.tsx';
import { Section } from '../../design/Section.tsx';
import { count, percent } from '../../figures/figure.ts';
import { duration } from '../../time/clock.ts';
import { ANCHOR } from './anchors.ts';

/** What the guard's verdict was computed from. */
export function Inputs({ verdict }: { verdict: NonNullable<Incident['evidence']['verdict']> }) {
  const { inputs } = verdict;
  return (
    <Section title="What the guard saw" id={ANCHOR.verdict} aside={`test: ${verdict.test}`}>
      <p className="break">{verdict.reason}</p>
      <Pairs
        pairs={[
          [
            'New version',
            `${count(inputs.failures)} of ${count(inputs.requests)} failed, ${count(inputs.slow)} slower than ${duration(inputs.slowThresholdMs)}`,
          ],
          [
            'Version before',
            `${count(inputs.baselineFailures)} of ${count(inputs.baselineRequests)} failed; at most ${percent(inputs.nullErrorRatio)} is held for normal`,
          ],
          [
            'Evidence, errors',
            `${inputs.logErrorEvidence.toFixed(2)} of ${inputs.logThreshold.toFixed(2)} needed (natural logarithms)`,
          ],
          ['Evidence, slowness', `${inputs.logSlowEvidence.toFixed(2)} of ${inputs.logThreshold.toFixed(2)} needed`],
          ['False alarms', `at most ${inputs.falseAlarmRate} per release`],
        ]}
      />
    </Section>
  );
}
