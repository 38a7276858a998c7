import type { SpanEntry } from '@nightshift/server/api';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { traceQuery } from '../api/traces.ts';
import { Empty } from '../design/Empty.tsx';
import { Load } from '../design/Load.tsx';
import { PageHead } from '../design/PageHead.tsx';
import { Section } from '../design/Section.tsx';
import { Waterfall } from '../design/Waterfall.tsx';
import { counted } from '../figures/figure.ts';
import { duration, moment } from '../time/clock.ts';
import { traceTree } from '../trace/tree.ts';

const PADDING_MS = 300_000;

export function TracePage() {
  const { id } = useParams({ from: '/shell/traces/$id' });
  const trace = useQuery(traceQuery(id));
  return (
    <>
      <PageHead
        title={trace.data?.length ? traceAnswer(trace.data) : 'Trace'}
        tab={`Trace ${id.slice(0, 8)}`}
        about={<span className="mono">{id}</span>}
        actions={<LogsOfTrace id={id} spans={trace.data ?? []} />}
      />
      <Section title="Spans">
        <Load query={trace} what="the trace">
          {(spans) =>
            spans.length === 0 ? (
              <Empty title="No span of this trace is stored.">
                It was not sampled, is older than what is kept, or its id is mistyped.
              </Empty>
            ) : (
              <Waterfall spans={spans} />
            )
          }
        </Load>
      </Section>
    </>
  );
}

function traceAnswer(spans: readonly SpanEntry[]): string {
  const { rows, totalMs } = traceTree(spans);
  const failed = spans.filter((span) => span.status === 'error').length;
  return `${rows[0]!.span.name}: ${duration(totalMs)}, ${failed === 0 ? 'nothing failed' : `${failed} of ${counted(spans.length, 'span')} failed`}`;
}

function LogsOfTrace({ id, spans }: { id: string; spans: readonly SpanEntry[] }) {
  if (spans.length === 0) return null;
  const { startMs, totalMs } = traceTree(spans);
  const around = {
    start: String(Math.floor(startMs - PADDING_MS)),
    end: String(Math.ceil(startMs + totalMs + PADDING_MS)),
    range: undefined,
  };
  return (
    <>
      <span className="dim">{moment(startMs)}</span>
      <Link to="/logs" search={{ trace: id, ...around }} className="button">
        Its log lines
      </Link>
    </>
  );
}
