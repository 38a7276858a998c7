import type { SpanEntry } from '@nightshift/server/api';
import { clock, duration } from '../time/clock.ts';
import { type Row, traceTree } from '../trace/tree.ts';
import { Pairs } from './Facts.tsx';

/** Spans as bars over the time of the trace; a row opens to its attributes and events. */
export function Waterfall({ spans }: { spans: readonly SpanEntry[] }) {
  const { rows, totalMs } = traceTree(spans);
  return (
    <ol className="waterfall" aria-label={`${rows.length} spans over ${duration(totalMs)}`}>
      {rows.map((row) => (
        <li
          key={`${row.span.traceId} ${row.span.spanId}`}
          className={row.span.status === 'error' ? 'waterfall-error' : undefined}
        >
          <details>
            <summary>
              <span
                className="waterfall-name"
                style={{ paddingLeft: `${Math.min(row.depth, 12) * 14}px` }}
                title={row.span.name}
              >
                {row.span.status === 'error' ? <b className="field-wrong">failed </b> : null}
                <bdi>{row.span.name}</bdi> <span className="dim small">{row.span.service}</span>
              </span>
              <span className="waterfall-track">
                <span className="waterfall-bar" style={barPlace(row, totalMs)} />
              </span>
              <span className="waterfall-time">{duration(row.durationMs)}</span>
            </summary>
            <div className="fold-body">
              <SpanDetail row={row} />
            </div>
          </details>
        </li>
      ))}
    </ol>
  );
}

function SpanDetail({ row: { span, offsetMs, orphan } }: { row: Row }) {
  const pairs: [string, string][] = [
    ['Starts', `${duration(offsetMs)} into the trace`],
    ['Kind', span.kind],
    ['Service', `${span.service} ${span.version}`.trim()],
    ['Span', span.spanId],
  ];
  if (orphan) pairs.push(['Parent', `${span.parentSpanId}, which is not stored`]);
  if (span.statusMessage !== '') pairs.push(['Status', span.statusMessage]);
  for (const [name, value] of Object.entries(span.attributes)) pairs.push([name, value]);
  return (
    <div className="stack small">
      <Pairs pairs={pairs} />
      {span.events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the events of a stored span never move
        <div key={index}>
          <strong>{event.name}</strong>{' '}
          <span className="dim">{clock(Number(BigInt(event.timeUnixNano) / 1_000_000n), 3)}</span>
          <pre className="block">
            {Object.entries(event.attributes)
              .map(([name, value]) => `${name}: ${value}`)
              .join('\n')}
          </pre>
        </div>
      ))}
    </div>
  );
}

function barPlace(row: Row, totalMs: number): { left: string; width: string } {
  const whole = totalMs || 1;
  return { left: `${Math.min((row.offsetMs / whole) * 100, 99)}%`, width: `${(row.durationMs / whole) * 100}%` };
}
