/** Lines that fill an empty page, for this very server. */
export const telemetryLine = (origin: string): string =>
  `OTEL_EXPORTER_OTLP_ENDPOINT=${origin} OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$TOKEN" OTEL_SERVICE_NAME=my-app npm start`;

export const releaseLine = (origin: string): string =>
  `curl -H "authorization: Bearer $TOKEN" -H "content-type: application/json" ${origin}/api/v1/releases -d '{"service":"my-app","version":"v1","dir":"/srv/my-app","command":["node","server.js"]}'`;
