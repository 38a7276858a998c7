import type { ExcerptLine } from '@nightshift/server/api';
import { counted } from '../figures/figure.ts';
import { clock } from '../time/clock.ts';

/** Numbered lines in their original order; what was left out is said where it was. */
export function LogLines({ lines, label }: { lines: readonly ExcerptLine[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="loglines" aria-label={label} tabIndex={0}>
      <ol>
        {lines.map((line) => [
          line.gapBefore ? (
            <li key={`gap ${line.number}`} className="loglines-gap">
              <span className="loglines-number">⋮</span>
              <span>{gapWords(line.gapBefore)}</span>
            </li>
          ) : null,
          <li key={line.number} className={line.isError ? 'loglines-error' : undefined}>
            <span className="loglines-number">{line.number}</span>
            <span className="loglines-at">{clock(line.at, 3)}</span>
            <span>
              {line.isError ? <span className="spoken">error: </span> : null}
              {line.text}
            </span>
          </li>,
        ])}
      </ol>
    </section>
  );
}

/** `12 lines left out, 6 of them repetitions`. */
export function gapWords(gap: { lines: number; repetitions: number }): string {
  if (gap.repetitions > 0 && gap.repetitions >= gap.lines) return `${counted(gap.repetitions, 'repetition')} left out`;
  return `${counted(gap.lines, 'line')} left out${gap.repetitions > 0 ? `, ${gap.repetitions} of them repetitions` : ''}`;
}
