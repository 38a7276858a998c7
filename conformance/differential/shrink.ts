import type { Question } from './generate.ts';
import { partsOf, type Query } from './query.ts';

/** One change each that makes the query simpler, the boldest first; the type of its value may change on the way. */
function* simplerQueries(query: Query): Generator<Query> {
  yield* partsOf(query);
  switch (query.kind) {
    case 'literal':
      return;
    case 'selector':
      if (query.offset !== '') yield { ...query, offset: '' };
      if (query.at !== '') yield { ...query, at: '' };
      for (const matcher of query.matchers)
        if (query.name !== '' || query.matchers.length > 1)
          yield { ...query, matchers: query.matchers.filter((each) => each !== matcher) };
      return;
    case 'range':
      if (query.extension) yield { kind: 'range', of: query.of, range: query.range };
      for (const of of simplerQueries(query.of)) if (of.kind === 'selector') yield { ...query, of };
      return;
    case 'subquery':
      if (query.offset !== '') yield { ...query, offset: '' };
      if (query.at !== '') yield { ...query, at: '' };
      for (const of of simplerQueries(query.of)) yield { ...query, of };
      return;
    case 'call':
      for (const [i, arg] of query.args.entries())
        for (const simpler of simplerQueries(arg)) yield { ...query, args: query.args.with(i, simpler) };
      return;
    case 'aggregate': {
      const { grouping, ...rest } = query;
      if (grouping) yield rest;
      if (grouping && grouping.labels.length > 1)
        for (const label of grouping.labels)
          yield { ...rest, grouping: { ...grouping, labels: grouping.labels.filter((each) => each !== label) } };
      for (const of of simplerQueries(query.of)) yield { ...query, of };
      return;
    }
    case 'binary':
      if (query.bool) yield { ...query, bool: false };
      if (query.matching !== '') yield { ...query, matching: '' };
      for (const left of simplerQueries(query.left)) yield { ...query, left };
      for (const right of simplerQueries(query.right)) yield { ...query, right };
      return;
    case 'unary':
      for (const of of simplerQueries(query.of)) yield { ...query, of };
  }
}

function* simplerQuestions({ query, time, range }: Question): Generator<Question> {
  if (range) {
    const steps = Math.floor((range.end - time) / range.step);
    for (let i = 0; i <= Math.min(steps, 8); i++) yield { query, time: time + i * range.step };
    if (steps > 0) yield { query, time, range: { ...range, end: time + Math.floor(steps / 2) * range.step } };
    if (steps > 0) yield { query, time: time + range.step, range };
  }
  for (const simpler of simplerQueries(query)) yield { query: simpler, time, ...(range && { range }) };
}

/** The smallest question that `differs` still holds for, as far as at most `budget` tries find one. */
export async function shrink(
  question: Question,
  differs: (question: Question) => Promise<boolean>,
  budget: number,
): Promise<Question> {
  let best = question;
  let tries = 0;
  for (let isSmaller = true; isSmaller && tries < budget; ) {
    isSmaller = false;
    for (const simpler of simplerQuestions(best)) {
      if (++tries > budget) break;
      if (!(await differs(simpler))) continue;
      best = simpler;
      isSmaller = true;
      break;
    }
  }
  return best;
}
