import { TextDecoder } from 'node:util';
import type { Check } from '../remote-write-index.ts';
import { attempts, both, gapless, holds, isFilled, seriesIn } from './facts.ts';
import type { Received } from './receiver.ts';
import { REASON, type Recording } from './run.ts';

/** Between the attempts at each request, in milliseconds. */
const waits = (received: readonly Received[]): number[][] =>
  attempts(received).map((times) => times.slice(1).map((time, i) => time - times[i]!));

/** How requests are sent and what answers do: the checks of the index by the names of their cases. */
export function deliveryChecks({ v2, v1, to, output, refusal }: Recording): Record<string, Check> {
  /** Each request was sent once, and others after it. */
  const notRepeated = (name: string): string | undefined => {
    const counts = attempts(to(name)).map((times) => times.length);
    return both(
      holds(counts.length > 2, `only ${counts.length} requests`),
      holds(Math.max(...counts) === 1, `repeated: ${counts}`),
    );
  };
  /** The first request came again until it was taken, and with all later ones nothing was lost or taken twice. */
  const repeated = (name: string, refusals: number): string | undefined => {
    const first = attempts(to(name))[0] ?? [];
    return both(
      holds(first.length === refusals + 1, `sent ${first.length} times, expected ${refusals + 1}`),
      gapless(to(name).filter(isFilled).slice(refusals), v2),
    );
  };
  const header = (name: string, isRight: (value: string) => boolean): Check => {
    return () => {
      const wrong = v2.find(({ headers }) => !isRight(String(headers[name] ?? '')));
      return both(holds(v2.length > 0, 'nothing was sent'), wrong && `${name}: ${wrong.headers[name]}`);
    };
  };
  const steps = () => waits(to('status500'))[0] ?? [];
  const unsupported = () => to('status415');
  const fallsBack = (): string | undefined => {
    const kinds = unsupported().map(({ isV2 }) => isV2);
    return both(
      holds(kinds[0] === true, 'the first request is not of 2.0'),
      holds(kinds.length > 3 && kinds.slice(1).every((isV2) => !isV2), `2.0 again after 415: ${kinds}`),
    );
  };
  const success = (name: string): Check => {
    return () => both(notRepeated(name), gapless(to(name), v2));
  };
  /** While one request waits for its answer, others are sent. */
  const parallel = () => {
    const [asked = 0, again = 0] = attempts(to('slow'))[0] ?? [];
    return holds(
      v2.some(({ at }) => at > asked && at < again),
      'nothing was sent while one request waited',
    );
  };

  return {
    'TestBackoffBehavior/exponential_backoff_on_retries': () => {
      const [fifth = 0] = steps().slice(4);
      // A busy machine makes any of them longer, and none shorter.
      const early = Math.min(...steps().slice(0, 3));
      return holds(fifth > 1.5 * early, `waits of ${steps().map(Math.round)} ms`);
    },
    'TestBackoffBehavior/backoff_required': () =>
      holds(steps().length >= 6 && Math.min(...steps()) >= 40, `waits of ${steps().map(Math.round)} ms`),
    'TestBackoffBehavior/backoff_max_delay': () =>
      holds(Math.max(...steps()) < 4000, `waits of ${steps().map(Math.round)} ms`),
    'TestBackoffBehavior/backoff_with_jitter': () => {
      const firsts = ['status500', 'status502', 'status503', 'status504'].map((name) => waits(to(name))[0]?.[0] ?? 0);
      return holds(new Set(firsts.map(Math.round)).size > 1, `waits of ${firsts} ms`);
    },
    TestConcurrentRequests: parallel,
    TestRobustnessUnderLoad: () => both(gapless(v2, v1), holds(output !== '', 'the agent was not well at the end')),
    'TestErrorHandling/handle_connection_refused': () => gapless(to('late'), v2),
    'TestErrorHandling/handle_timeout': () => repeated('slow', 1),
    'TestErrorHandling/handle_partial_write': () => repeated('cutOff', 2),
    'TestErrorHandling/handle_malformed_response': () => repeated('garbage', 2),
    'TestErrorHandling/sender_continues_after_errors': () => both(notRepeated('status400'), gapless(v2, v1)),
    'TestErrorHandling/handle_invalid_status_code': () => repeated('strangeStatus', 2),
    'TestErrorHandling/handle_empty_response': () => repeated('hangsUp', 2),
    'TestErrorHandling/handle_large_error_response': () => repeated('status500large', 2),
    'TestNetworkErrors/dns_resolution_failure': () =>
      both(holds(/nowhere/.test(output), 'the log does not name it'), gapless(v2, v1)),
    'TestNetworkErrors/invalid_url_scheme': () =>
      holds(/remote_write\[0\]\.url: "ftp:.*http:\/\//.test(refusal), `the agent says: ${refusal.slice(0, 200)}`),
    'TestFallbackBehavior/fallback_on_415_unsupported_media_type': fallsBack,
    'TestFallbackBehavior/retry_with_different_version': () => {
      const versions = unsupported().map(({ headers }) => headers['x-prometheus-remote-write-version']);
      return holds(versions[0] === '2.0.0' && versions[1] === '0.1.0', `versions ${versions.slice(0, 3)}`);
    },
    'TestFallbackBehavior/fallback_header_changes': () => {
      const types = unsupported().map(({ headers }) => headers['content-type']);
      return holds(types[1] === 'application/x-protobuf', `content types ${types.slice(0, 3)}`);
    },
    'TestFallbackBehavior/accept_success_after_fallback': () =>
      gapless(
        unsupported().filter(({ isV2 }) => !isV2),
        v2,
      ),
    'TestFallbackBehavior/persistent_fallback_choice': fallsBack,
    TestNoFallbackOn2xx: () =>
      holds(v2.length > 1 && v2.every(({ isV2 }) => isV2), 'another protocol although 2.0 was taken'),
    'TestProtocolCompliance/content_type_protobuf': header('content-type', (value) =>
      value.startsWith('application/x-protobuf'),
    ),
    'TestProtocolCompliance/content_type_with_proto_param': header('content-type', (value) =>
      value.endsWith(';proto=io.prometheus.write.v2.Request'),
    ),
    'TestProtocolCompliance/content_encoding_snappy': header('content-encoding', (value) => value === 'snappy'),
    'TestProtocolCompliance/version_header_present': header(
      'x-prometheus-remote-write-version',
      (value) => value !== '',
    ),
    'TestProtocolCompliance/version_header_value': header(
      'x-prometheus-remote-write-version',
      (value) => value === '2.0.0',
    ),
    'TestProtocolCompliance/user_agent_present': header('user-agent', (value) => value !== ''),
    'TestProtocolCompliance/snappy_block_format': () => {
      // A framed stream begins with the chunk "sNaPpY".
      const framed = v2.find(({ block }) => new TextDecoder('latin1').decode(block.subarray(4, 10)) === 'sNaPpY');
      return holds(framed === undefined && v2.length > 0, 'a framed stream was sent');
    },
    'TestProtocolCompliance/protobuf_parseable': () => holds(seriesIn(v2).length > 0, 'no series could be read'),
    TestHTTPMethod: () =>
      holds(
        [...v2, ...v1].every(({ method }) => method === 'POST'),
        'another method than POST',
      ),
    'TestResponseProcessing/ignore_response_body_on_success': success('status200body'),
    'TestResponseProcessing/process_written_count_headers': () =>
      holds(/status400partial/.test(output), 'the log does not name the destination'),
    'TestResponseProcessing/handle_partial_write_response': () => notRepeated('status400partial'),
    'TestResponseProcessing/handle_missing_written_headers': () => {
      // Without the counts of 2.0 it may be that nothing was understood: once more as 1.0, and then no more.
      const first = to('status400headerless').filter(isFilled).slice(0, 2);
      return both(
        holds(first[0]?.isV2 === true && first[1]?.isV2 === false, 'not tried as 1.0'),
        notRepeated('status400headerless'),
      );
    },
    'TestResponseProcessing/log_error_messages_verbatim': () =>
      holds(
        output.includes(JSON.stringify(REASON).slice(1, -1)) || output.includes(REASON),
        'the log has not its words',
      ),
    'TestResponseProcessing/handle_large_error_body': () => notRepeated('status400large'),
    'TestResponseProcessing/handle_204_no_content': () => gapless(v2, v1),
    'TestResponseProcessing/handle_200_ok': success('status200'),
    TestContentTypeNegotiation: fallsBack,
    'TestRetryBehavior/no_retry_on_400': () => notRepeated('status400'),
    'TestRetryBehavior/no_retry_on_401': () => notRepeated('status401'),
    'TestRetryBehavior/no_retry_on_404': () => notRepeated('status404'),
    'TestRetryBehavior/may_retry_on_429': () => repeated('status429', 4),
    'TestRetryBehavior/retry_on_500': () => repeated('status500', 6),
    'TestRetryBehavior/retry_on_503': () => repeated('status503', 2),
    'TestRetryBehavior/retry_on_502': () => repeated('status502', 2),
    'TestRetryBehavior/retry_on_504': () => repeated('status504', 2),
    'TestRetryBehavior/no_retry_on_413': () => notRepeated('status413'),
  };
}
