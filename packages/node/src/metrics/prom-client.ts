/**
 * The parts of prom-client (pinned) that are used, the same that the whole has. The whole takes ten times as long to load,
 * as it brings what pushes, what estimates quantiles and what speaks to workers of a cluster.
 */
/// <reference path="./prom-client-parts.d.ts" />
export { default as Counter } from 'prom-client/lib/counter.js';
export { default as Gauge } from 'prom-client/lib/gauge.js';
export { default as Histogram } from 'prom-client/lib/histogram.js';
export { default as Registry } from 'prom-client/lib/registry.js';
