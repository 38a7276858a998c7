import type { DiffHunk } from '@nightshift/server/api';

const SIGN = { context: ' ', removed: '-', added: '+' } as const;

/** One hunk with both line numbers; the sign carries the meaning, the colour repeats it. */
export function Diff({ hunk }: { hunk: DiffHunk }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="diff" aria-label={`Change in ${hunk.file}`} tabIndex={0}>
      <div className="diff-header">{hunk.header}</div>
      <div className="diff-lines">
        {hunk.lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a frozen hunk never move
          <div key={index} className={`diff-${line.kind}`}>
            <span className="diff-number">{line.oldLine ?? ''}</span>
            <span className="diff-number">{line.newLine ?? ''}</span>
            <span className="diff-text">{`${SIGN[line.kind]} ${line.text}`}</span>
          </div>
        ))}
      </div>
    </section>
  );
}
