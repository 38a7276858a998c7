import type { Suite } from './suite.ts';
import { compliance } from './suites/compliance.ts';
import { configurations } from './suites/configurations.ts';
import { engine } from './suites/engine.ts';
import { exposition } from './suites/exposition.ts';
import { malformed } from './suites/malformed.ts';
import { matchers } from './suites/matchers.ts';
import { openMetrics } from './suites/openmetrics.ts';
import { parser } from './suites/parser.ts';
import { printer } from './suites/printer.ts';
import { receiver } from './suites/receiver.ts';
import { relabelling } from './suites/relabelling.ts';
import { ruleFiles } from './suites/rule-files.ts';
import { ownScripts, prometheusScripts } from './suites/scripts.ts';
import { sender } from './suites/sender.ts';
import { seriesNotation } from './suites/series.ts';

/** All suites, in the order of the page. */
export const SUITES: readonly Suite[] = [
  prometheusScripts,
  ownScripts,
  compliance,
  parser,
  printer,
  engine,
  matchers,
  seriesNotation,
  relabelling,
  exposition,
  openMetrics,
  configurations,
  ruleFiles,
  receiver,
  sender,
  malformed,
];
