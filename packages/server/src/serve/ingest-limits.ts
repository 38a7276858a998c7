import type { OldestTaken, SampleAge } from '../collect/sample-age.ts';
import { durationText } from '../collect/scrape/config/format-duration.ts';
import type { SenderLimits, SenderSettings } from '../collect/sender.ts';
import { nearest } from '../config/nearest.ts';
import type { Config } from '../config/schema.ts';
import { groupChooser, groupsOf, keptSince, type MetricRetention } from '../store/retention-policy.ts';
import { metricRetention } from './metric-retention.ts';

type IngestConfig = Pick<Config, 'ingest' | 'retention'>;

/** What is too old to be taken, as configured; another configuration may take its place. */
export class ConfiguredAge implements SampleAge {
  private windowMs = 0;
  private retention: MetricRetention = { rules: [], defaultMs: 0 };
  private choose: (labels: ReadonlyMap<string, string>) => number = () => 0;
  private oldestBy: readonly ((receivedAt: number) => OldestTaken)[] = [];

  constructor(config: IngestConfig) {
    this.change(config);
  }

  change({ ingest, retention }: IngestConfig): void {
    this.windowMs = ingest.outOfOrderTimeWindow;
    this.retention = metricRetention(retention);
    this.choose = groupChooser(this.retention);
    this.oldestBy = groupsOf(this.retention).map(({ match, keepMs }) => {
      const rule = match === '' ? 'retention.metrics' : `retention.metricRules, ${match}`;
      const because = `${rule}: ${keepMs === 0 ? 0 : durationText(keepMs)}`;
      return (receivedAt) => ({ time: keptSince(keepMs, receivedAt), reason: 'too_old', because });
    });
  }

  horizon(receivedAt: number): number {
    return Math.max(this.windowStart(receivedAt), ...this.oldestBy.map((oldest) => oldest(receivedAt).time));
  }

  oldest(labels: ReadonlyMap<string, string>, receivedAt: number): OldestTaken {
    const kept = this.oldestBy[this.choose(labels)]!(receivedAt);
    const time = this.windowStart(receivedAt);
    if (time <= kept.time) return kept;
    return {
      time,
      reason: 'out_of_order',
      because: `ingest.outOfOrderTimeWindow: ${durationText(this.windowMs)}`,
    };
  }

  private windowStart(receivedAt: number): number {
    return this.windowMs === 0 ? 0 : receivedAt - this.windowMs;
  }
}

/** The bounds of senders, as configured. */
export function senderSettings({ ingest: { limits, tokens } }: Pick<Config, 'ingest'>): SenderSettings {
  const given = (own: object) => Object.entries(own).filter(([, value]) => value !== undefined);
  const own = Object.entries(tokens).map(([name, keys]) => [name, Object.fromEntries(given(keys))] as const);
  return { limits, tokens: Object.fromEntries(own) as Record<string, Partial<SenderLimits>> };
}

/** Names in `ingest.tokens` that no token has, each with the one that was probably meant. */
export function unknownTokens({ ingest: { tokens } }: Pick<Config, 'ingest'>, known: readonly string[]): string[] {
  return Object.keys(tokens)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const right = nearest(name, known);
      return right ? `${name} (did you mean ${right}?)` : name;
    });
}
