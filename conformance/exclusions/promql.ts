import { type Exclusion, excluded } from './exclusion.ts';

const GOLDEN = 'golden/expected_prom2.42.jsonl.gz';

export const PROMQL: readonly Exclusion[] = [
  ...excluded(
    'compliance',
    GOLDEN,
    'Prometheus 2.42 refused the label name `~invalid`. Since 3.0 any UTF-8 string is a valid name ' +
      '(changelog of 3.0.0, #14705 and #15258), and since 3.3 in `label_replace` and `label_join` as well (#15974): ' +
      "3.14's engine accepts both queries.",
    [
      'label_replace(demo_num_cpus, "~invalid", "", "src", "(.*)")',
      'label_join(demo_num_cpus, "~invalid", "-", "instance")',
    ],
  ),
  ...excluded(
    'compliance',
    GOLDEN,
    'The steps of this subquery fall on the bounds of its range: 13 of them where ranges are closed at both ends, as ' +
      'in 2.42, and 12 since they are open at the left (changelog of 3.0.0, #13904; subqueries: 3.0.1, #15431). ' +
      "Over the same data 3.14's engine answers to the last digit as Nightshift does.",
    ['avg_over_time(rate(demo_cpu_usage_seconds_total[1m])[2m:10s])'],
  ),
];
