/** The tree of a generated query. What a shrinker may take apart is a node; everything else is text. */
export type Query =
  | { readonly kind: 'literal'; readonly text: string }
  | SelectorQuery
  | RangeQuery
  | SubqueryQuery
  | { readonly kind: 'call'; readonly func: string; readonly args: readonly Query[] }
  | AggregateQuery
  | BinaryQuery
  | { readonly kind: 'unary'; readonly op: '-' | '+'; readonly of: Query };

/** `offset 5m`, `@ 1700000000.007`, `@ start()`; '' for none. */
export interface Shift {
  readonly offset: string;
  readonly at: string;
}

export interface SelectorQuery extends Shift {
  readonly kind: 'selector';
  readonly name: string;
  /** Each as it is written between the braces. */
  readonly matchers: readonly string[];
}

export interface RangeQuery {
  readonly kind: 'range';
  readonly of: SelectorQuery;
  readonly range: string;
  /** `anchored` or `smoothed`. */
  readonly extension?: string;
}

export interface SubqueryQuery extends Shift {
  readonly kind: 'subquery';
  readonly of: Query;
  readonly range: string;
  /** '' for the default resolution. */
  readonly step: string;
}

export interface AggregateQuery {
  readonly kind: 'aggregate';
  readonly op: string;
  readonly param?: Query;
  /** Absent: no grouping clause at all. */
  readonly grouping?: { readonly keep: boolean; readonly labels: readonly string[] };
  readonly of: Query;
}

export interface BinaryQuery {
  readonly kind: 'binary';
  readonly op: string;
  readonly bool: boolean;
  /** `on (job) group_left ()` as it is written; '' for none. */
  readonly matching: string;
  readonly left: Query;
  readonly right: Query;
  /** Without parentheses around operands that are binary themselves, so that precedence decides. */
  readonly bare: boolean;
}

export const unshifted: Shift = { offset: '', at: '' };
export const literal = (text: string): Query => ({ kind: 'literal', text });
export const call = (func: string, ...args: readonly Query[]): Query => ({ kind: 'call', func, args });

const shifted = (text: string, { offset, at }: Shift): string =>
  `${text}${offset && ` offset ${offset}`}${at && ` @ ${at}`}`;

const selectorText = ({ name, matchers }: SelectorQuery): string =>
  matchers.length > 0 || name === '' ? `${name}{${matchers.join(',')}}` : name;

function operand(query: Query, bare: boolean): string {
  const isOperator = query.kind === 'binary' || query.kind === 'unary';
  return isOperator && !bare ? `(${toText(query)})` : toText(query);
}

export function toText(query: Query): string {
  switch (query.kind) {
    case 'literal':
      return query.text;
    case 'selector':
      return shifted(selectorText(query), query);
    case 'range':
      return shifted(
        `${selectorText(query.of)}[${query.range}]${query.extension ? ` ${query.extension}` : ''}`,
        query.of,
      );
    case 'subquery': {
      const { of } = query;
      const isShifted = of.kind === 'selector' && (of.offset !== '' || of.at !== '');
      const isOperator = of.kind === 'binary' || of.kind === 'unary' || of.kind === 'subquery' || of.kind === 'range';
      const inner = isShifted || isOperator ? `(${toText(of)})` : toText(of);
      return shifted(`${inner}[${query.range}:${query.step}]`, query);
    }
    case 'call':
      return `${query.func}(${query.args.map(toText).join(', ')})`;
    case 'aggregate': {
      const { op, param, grouping, of } = query;
      const clause = grouping ? ` ${grouping.keep ? 'by' : 'without'} (${grouping.labels.join(', ')}) ` : '';
      return `${op}${clause}(${param ? `${toText(param)}, ` : ''}${toText(of)})`;
    }
    case 'binary': {
      const { op, bool, matching, left, right, bare } = query;
      const words = [operand(left, bare), op, bool ? 'bool' : '', matching, operand(right, bare)];
      return words.filter((word) => word !== '').join(' ');
    }
    case 'unary':
      return `${query.op}${operand(query.of, false)}`;
  }
}

/** The queries directly inside. */
export function partsOf(query: Query): readonly Query[] {
  switch (query.kind) {
    case 'literal':
    case 'selector':
      return [];
    case 'range':
    case 'subquery':
    case 'unary':
      return [query.of];
    case 'call':
      return query.args;
    case 'aggregate':
      return query.param ? [query.param, query.of] : [query.of];
    case 'binary':
      return [query.left, query.right];
  }
}
