import type { Suite } from './suite.ts';
import { compliance } from './suites/compliance.ts';
import { engine } from './suites/engine.ts';
import { matchers } from './suites/matchers.ts';
import { parser } from './suites/parser.ts';
import { printer } from './suites/printer.ts';
import { ownScripts, prometheusScripts } from './suites/scripts.ts';
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
];
