import type { EscapingScheme, ScrapeProtocol } from './config/types.ts';

const mediaTypes: Record<ScrapeProtocol, string> = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
};

/** The Accept header that asks for the protocols, the most wanted first (https://prometheus.io/docs/instrumenting/content_negotiation/). */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: EscapingScheme): string {
  let weight = Object.keys(mediaTypes).length + 1;
  const values = protocols.map((protocol) => {
    const escapes = protocol === 'PrometheusText1.0.0' || protocol === 'OpenMetricsText1.0.0';
    return `${mediaTypes[protocol]}${escapes ? `;escaping=${escaping}` : ''};q=0.${weight--}`;
  });
  return [...values, `*/*;q=0.${weight}`].join(',');
}

export type ExpositionFormat = 'text' | 'openmetrics' | 'protobuf';

const formats: Readonly<Record<string, ExpositionFormat>> = {
  'text/plain': 'text',
  'application/openmetrics-text': 'openmetrics',
  'application/vnd.google.protobuf': 'protobuf',
};

const typeOf = (header: string): string => header.split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** How an answer is to be read. Throws an Error in Prometheus' words where neither it nor the fallback says so. */
export function formatOf(contentType: string, fallback: ScrapeProtocol | undefined): ExpositionFormat {
  const format = formats[typeOf(contentType)] ?? (fallback && formats[typeOf(mediaTypes[fallback])]);
  if (format) return format;
  if (contentType === '') {
    throw new Error(
      'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    );
  }
  const shown = JSON.stringify(contentType.slice(0, 200));
  throw new Error(`received unsupported Content-Type ${shown} and no fallback_scrape_protocol specified for target`);
}
