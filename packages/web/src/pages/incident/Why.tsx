import type { DiffHunk, Incident } from '@nightshift/server/api';
import { Diff } from '../../design/Diff.tsx';
import { Section } from '../../design/Section.tsx';
import { ANCHOR, hunkAnchor } from './anchors.ts';
import { jumpTo } from './jump.ts';

/** The error, what may have caused it, and the change between the versions with its likeliest hunk first. */
export function Why({ incident }: { incident: Incident }) {
  const { error, hunks, diffNote } = incident.evidence;
  const [best] = incident.candidates;
  return (
    <Section
      title="Why"
      id={ANCHOR.diff}
      aside={hunks.length > 0 ? `${hunks.length} changed places, likeliest first` : undefined}
    >
      <div className="stack">
        {best ? (
          <p className="break">
            <strong>{best.text}</strong> <span className="dim">{`score ${best.score.toFixed(2)}`}</span>
          </p>
        ) : null}
        {error ? <FailureText error={error} /> : null}
        {incident.candidates.length > 1 ? (
          <ol className="stack small">
            {incident.candidates.slice(1).map((candidate) => (
              <li key={candidate.text} className="break">
                <bdi>{candidate.text}</bdi> <span className="dim">{`score ${candidate.score.toFixed(2)}`}</span>
              </li>
            ))}
          </ol>
        ) : null}
        {diffNote === '' ? null : <p className="dim">{diffNote}</p>}
        <div>
          {hunks.map((hunk, index) => (
            <Hunk key={hunk.rank} hunk={hunk} open={index === 0} />
          ))}
        </div>
      </div>
    </Section>
  );
}

function FailureText({ error }: { error: NonNullable<Incident['evidence']['error']> }) {
  return (
    <div className="small break">
      <span className="mono">{`${error.type}: ${error.message}`}</span>
      <ol className="dim mono">
        {error.frames.slice(0, 6).map((frame) => (
          <li key={`${frame.function} ${frame.file} ${frame.line} ${frame.column}`}>
            {`at ${frame.function || '(no name)'} (${frame.file}:${frame.line}${frame.column === null ? '' : `:${frame.column}`})`}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Hunk({ hunk, open }: { hunk: DiffHunk; open: boolean }) {
  return (
    <details className="fold" open={open} id={hunkAnchor(hunk.rank)} tabIndex={-1}>
      <summary>
        <span className="mono">{hunk.file}</span>{' '}
        <span className="dim small">{`score ${hunk.score.toFixed(2)}${hunk.reasons.length > 0 ? `: ${hunk.reasons.join(', ')}` : ''}`}</span>
      </summary>
      <div className="fold-body">
        <Diff hunk={hunk} />
      </div>
    </details>
  );
}

/** A link to a hunk from elsewhere on the page. */
export function HunkLink({ rank, children }: { rank: number; children: string }) {
  return (
    <a
      href={`#${hunkAnchor(rank)}`}
      onClick={(event) => {
        event.preventDefault();
        jumpTo(hunkAnchor(rank));
      }}
    >
      {children}
    </a>
  );
}
