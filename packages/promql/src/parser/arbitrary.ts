import fc from 'fast-check';
import { SCRIPT_FEATURES } from '../features.ts';
import type { Expr } from './ast.ts';
import { parse } from './parse.ts';

/** Generators of PromQL for tests: queries that are valid with all features on, of every kind of node there is. */

const text = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''));
const list = (one: fc.Arbitrary<string>, separator: string, minLength: number, maxLength: number) =>
  fc.array(one, { minLength, maxLength }).map((all) => all.join(separator));
const maybe = (one: fc.Arbitrary<string>) => fc.oneof({ weight: 2, arbitrary: fc.constant('') }, one);
const literal = (content: fc.Arbitrary<string>) =>
  content.map((each) => JSON.stringify(each).replaceAll('\u007f', '\\x7f'));

const content = fc.string({ maxLength: 8, unit: 'grapheme' });
const string = fc.oneof(
  literal(content),
  fc.constantFrom(String.raw`"\x41\303\244\u1234\U0001f600"`, "'it\\'s'", '`raw \\d+`', '""'),
);
const labelName = fc.oneof(
  fc.constantFrom('job', 'instance', 'le', '_x1', 'by', 'sum', 'offset', 'on'),
  literal(fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' })),
);
const pattern = literal(fc.constantFrom('a.*', 'api|web', '[0-9]+', '.+x?', '(?i)foo', '5..'));
const matcher = fc.oneof(
  text(labelName, fc.constantFrom('=', '!='), string),
  text(labelName, fc.constantFrom('=~', '!~'), pattern),
);
const braces = text('{', list(matcher, ', ', 0, 3), '}');
const metric = fc.constantFrom(
  'up',
  'a:b',
  'http_requests_total',
  'sum',
  'by',
  'fill',
  'start',
  'step',
  'and',
  'offset',
  'infinity',
);

const unit = fc.constantFrom('ms', 's', 'm', 'h', 'd', 'w', 'y');
const units = fc.oneof(
  text(fc.integer({ min: 1, max: 99 }).map(String), unit),
  fc.constantFrom('1h30m', '90d', '1y1w', '2s19ms', '366d'),
);
const positive = fc.oneof(units, fc.constantFrom('300', '0.5', '1e3', '0x10', '1_000'));
const { durations } = fc.letrec<{ durations: string }>((tie) => ({
  durations: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'duration' },
    positive,
    fc.constantFrom('step()', 'range()'),
    text(tie('durations'), fc.constantFrom(' + ', ' - ', ' * ', '^'), tie('durations')),
    text('(', tie('durations'), ')'),
    text('(-', tie('durations'), ')'),
    text(fc.constantFrom('min_of', 'max_of'), '(', tie('durations'), ', ', tie('durations'), ')'),
  ),
}));
const offset = fc.oneof(
  text(fc.constantFrom('', '-'), positive),
  text(fc.constantFrom('', '-'), fc.constantFrom('step()', 'range()')),
  text(fc.constantFrom('', '-'), '(', durations, ')'),
);
const moment = fc.oneof(
  fc.constantFrom('start()', 'end()', '-1.25', '0', '5m', '1609746000'),
  fc.integer({ min: 0, max: 2 ** 31 }).map((ms) => String(ms / 1000)),
);
const edges = maybe(fc.constantFrom(' anchored', ' smoothed'));
const shift = text(maybe(text(' offset ', offset)), maybe(text(' @ ', moment)));

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }).map(String),
  units,
  fc.constantFrom('0755', '0x1F', '.5', '5.', '1_000', '1e21', '123456789012345678'),
);
const grouping = text(fc.constantFrom('by', 'without'), ' (', list(labelName, ', ', 0, 3), ')');
const bothKinds = fc
  .constantFrom('on', 'ignoring')
  .chain((kind) => text(` ${kind} (`, list(fc.constantFrom('a', 'b', '"ä"'), ', ', 0, 2), ')'));
const group = text(
  fc.constantFrom(' group_left', ' group_right'),
  ' (',
  list(fc.constantFrom('x', 'y', '"ö.ü"'), ', ', 0, 2),
  ')',
);
const fillValue = fc.constantFrom('0', '-1', '2.5', '5e-7', '1e21', '1e300');
const fill = fc.oneof(
  text(' fill (', fillValue, ')'),
  text(' fill_left (', fillValue, ')'),
  text(' fill_right (', fillValue, ')'),
  text(' fill_left (', fillValue, ') fill_right (', fillValue, ')'),
);
const matching = text(maybe(text(bothKinds, maybe(group))), maybe(fill));

type Kinds = { vector: string; matrix: string; scalar: string };

const kinds = fc.letrec<Kinds>((tie) => ({
  vector: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'query' },
    text(metric, maybe(braces), edges, shift),
    text('{job="a"', maybe(text(', ', matcher)), '}', shift),
    text(
      '{',
      string.filter((each) => each !== '""'),
      '}',
    ),
    text('rate(', tie('matrix'), ')'),
    text(fc.constantFrom('abs', 'sort_desc', 'absent'), '(', tie('vector'), ')'),
    text('label_replace(', tie('vector'), ', "a", "$1", "b", "(.*)")'),
    text('label_join(', tie('vector'), ', ', list(string, ', ', 2, 4), ')'),
    text('vector(', tie('scalar'), ')'),
    text('info(', tie('vector'), ', ', braces, ')'),
    text(fc.constantFrom('sum', 'AVG', 'count', 'group'), maybe(text(' ', grouping, ' ')), '(', tie('vector'), ')'),
    text(fc.constantFrom('topk', 'limitk', 'quantile'), '(', tie('scalar'), ', ', tie('vector'), ')', maybe(grouping)),
    text('count_values(', string, ', ', tie('vector'), ')'),
    text('(', tie('vector'), ')'),
    text(
      fc.constantFrom('-', '+', '-(', '+(').map((sign) => sign),
      tie('vector'),
    ).map((each) => (each[1] === '(' ? `${each})` : each)),
    text(tie('vector'), fc.constantFrom(' + ', ' == ', ' > bool ', ' </ ', ' ^ ', ' atan2 '), tie('scalar')),
    text(
      tie('vector'),
      ' ',
      fc.constantFrom('+', '-', '*', '/', '%', '^', '==', '!= bool', '<', '>/'),
      matching,
      ' ',
      tie('vector'),
    ),
    text(tie('vector'), ' ', fc.constantFrom('and', 'or', 'unless'), maybe(bothKinds), ' ', tie('vector')),
  ),
  matrix: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'query' },
    text(metric, maybe(braces), '[', positive, ']', edges, shift),
    text(metric, '[(', durations, ')]'),
    text('(', tie('vector'), ')[', positive, ':', maybe(positive), ']', shift),
    text('(', tie('vector'), ')[', positive, ':(', durations, ')]'),
  ),
  scalar: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'query' },
    number,
    fc.constantFrom('time()', 'pi()', 'step()', 'end()', 'max_of(1, 2)'),
    text('scalar(', tie('vector'), ')'),
    text('-', number),
    text('(', tie('scalar'), ')'),
    text('-(', tie('scalar'), ')'),
    text(tie('scalar'), fc.constantFrom(' + ', ' * ', ' ^ ', ' % ', ' >= bool ', ' - on () '), tie('scalar')),
  ),
}));

/** Whether Prometheus accepts it too hangs on values alone (`x[(1m - 2m)]` is refused when it runs, `x[(-1m)]` at once). */
function isValid(query: string): boolean {
  try {
    parse(query, SCRIPT_FEATURES);
    return true;
  } catch {
    return false;
  }
}

/** A query that parses with all features on. */
export const arbitraryQuery: fc.Arbitrary<string> = fc
  .oneof({ weight: 4, arbitrary: kinds.vector }, kinds.matrix, kinds.scalar, string)
  .filter(isValid);

/** The tree of such a query. */
export const arbitraryExpr: fc.Arbitrary<Expr> = arbitraryQuery.map((query) => parse(query, SCRIPT_FEATURES));
