import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRuleFile, RuleFileError } from '../../packages/server/src/watch/rule-file.ts';
import { SHARED, type Suite } from '../suite.ts';
import { checkEach } from './go-tables.ts';

/** Folders with rule files: Prometheus' own, and what other people alert on. */
const FOLDERS = [
  'prometheus/model/rulefmt/testdata',
  'prometheus/rules/fixtures',
  'prometheus/config/testdata',
  'rules',
] as const;

function rulesIn(folder: string): string[] {
  return readdirSync(join(SHARED, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|rules)$/.test(name))
    .filter((name) => /^groups:/m.test(readFileSync(join(SHARED, folder, name), 'utf8')))
    .sort();
}

const isBad = (name: string): boolean => name.includes('.bad.') || name.endsWith('invalid_rules.yaml');

async function parsed(folder: string, name: string): Promise<string | undefined> {
  try {
    parseRuleFile(readFileSync(join(SHARED, folder, name), 'utf8'), 'rules.yml', 15_000);
    return isBad(name) ? 'taken, should be refused' : undefined;
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    if (!isBad(name)) return `refused: ${error.offences.join(' | ')}`;
    const placeless = error.offences.find((offence) => !/^rules\.yml:\d+: /.test(offence));
    return placeless === undefined ? undefined : `refused without its line: ${placeless}`;
  }
}

export const ruleFiles: Suite = {
  name: 'rule files',
  about:
    "Prometheus' own rule files, good and bad, the bad ones refused with the line, and other projects' alerts unchanged",
  folder: join(SHARED, 'rules'),
  async run() {
    return Promise.all(
      FOLDERS.map(async (folder) => ({
        file: folder,
        cases: await checkEach(rulesIn(folder), String, (name) => parsed(folder, name)),
      })),
    ).then((files) => files.filter(({ cases }) => cases.length > 0));
  },
};
