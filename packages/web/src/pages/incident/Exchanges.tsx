import type { Incident } from '@nightshift/server/api';
import { Link } from '@tanstack/react-router';
import { Section } from '../../design/Section.tsx';
import { Tag } from '../../design/Tag.tsx';
import { counted } from '../../figures/figure.ts';
import { clock, duration } from '../../time/clock.ts';
import { ANCHOR, exchangeAnchor } from './anchors.ts';

type Exchange = Incident['evidence']['exchanges'][number];

/** The requests that failed, each with what was asked and answered. */
export function Exchanges({ exchanges }: { exchanges: readonly Exchange[] }) {
  const saved = exchanges.filter((exchange) => exchange.savedBy !== null).length;
  return (
    <Section
      title="Failing exchanges"
      id={ANCHOR.exchanges}
      aside={`${counted(exchanges.length, 'exchange')} kept, ${saved} answered by the last good version`}
    >
      {exchanges.length === 0 ? (
        <p className="dim">No exchange was kept: the failure was not seen by the gateway.</p>
      ) : null}
      {exchanges.map((exchange) => (
        <details key={exchange.id} className="fold" id={exchangeAnchor(exchange.id)} tabIndex={-1}>
          <summary>
            <span className="dim mono">{clock(exchange.at, 3)}</span>{' '}
            <strong>{`${exchange.method} ${exchange.path}`}</strong> → <span>{outcome(exchange)}</span>{' '}
            {exchange.visible ? <Tag tone="bad">seen by a user</Tag> : <Tag tone="good">saved</Tag>}
          </summary>
          <div className="fold-body stack">
            <p className="break">{exchangeWords(exchange)}</p>
            <Message
              title="Request"
              start={`${exchange.method} ${exchange.path}`}
              headers={exchange.requestHeaders}
              body={exchange.requestBody}
            />
            {exchange.status === null ? null : (
              <Message
                title="Response"
                start={String(exchange.status)}
                headers={exchange.responseHeaders}
                body={exchange.responseBody}
              />
            )}
            {exchange.truncated ? <p className="dim small">A body was longer than 64 KiB and is cut.</p> : null}
            {exchange.traceId === '' ? null : (
              <p className="small">
                <Link to="/traces/$id" params={{ id: exchange.traceId }}>
                  Its trace
                </Link>
              </p>
            )}
          </div>
        </details>
      ))}
    </Section>
  );
}

function Message({
  title,
  start,
  headers,
  body,
}: {
  title: string;
  start: string;
  headers: Exchange['requestHeaders'];
  body: string;
}) {
  const lines = [start, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return (
    <div>
      <h3>{title}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre className="block" tabIndex={0}>{`${lines.join('\n')}${body === '' ? '' : `\n\n${body}`}`}</pre>
    </div>
  );
}

const outcome = (exchange: Exchange): string =>
  exchange.status !== null
    ? String(exchange.status)
    : exchange.failure === 'timeout'
      ? 'no answer in time'
      : 'connection lost';

function exchangeWords(exchange: Exchange): string {
  const failed = `Failed after ${duration(exchange.latencyMs)}${exchange.error === '' ? '' : `: ${exchange.error}`}.`;
  if (exchange.savedBy)
    return `${failed} The last good version answered ${exchange.savedBy.status} in ${duration(exchange.savedBy.latencyMs)} instead.`;
  return `${failed} ${exchange.idempotent ? 'The last good version was not asked.' : 'It was not repeated, because repeating it might have done it twice.'}`;
}
