import { readFileSync } from 'node:fs';
import type { PromqlFeatures } from '@nightshift/promql';
import { parseRuleFile, RuleFileError, type RuleGroup } from './rule-file.ts';

/** Reads rule files. Throws RuleFileError with every mistake of every file. */
export function loadRuleFiles(
  files: readonly string[],
  defaultIntervalMs: number,
  features: Partial<PromqlFeatures> = {},
): RuleGroup[] {
  const groups: RuleGroup[] = [];
  const offences: string[] = [];
  for (const file of files) {
    try {
      groups.push(...parseRuleFile(readFileSync(file, 'utf8'), file, defaultIntervalMs, features));
    } catch (error) {
      if (error instanceof RuleFileError) offences.push(...error.offences);
      else offences.push(`${file}: cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (offences.length > 0) throw new RuleFileError(offences);
  return groups;
}
