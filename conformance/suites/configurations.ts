import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentConfigError, loadConfig } from '../../packages/agent/src/config/load.ts';
import { loadScrapeFile } from '../../packages/server/src/collect/scrape/config/load.ts';
import { ScrapeConfigError } from '../../packages/server/src/collect/scrape/config/yaml-node.ts';
import { inShared, type Suite } from '../suite.ts';
import { checkEach } from './go-tables.ts';

const FOLDER = inShared('prometheus/config');
const TESTDATA = 'testdata';

/** What the two that read Prometheus' file have against it: the server, and the agent where it says where to send to. */
function offencesOf(file: string): readonly string[] {
  try {
    if (/^remote_write:/m.test(readFileSync(file, 'utf8'))) loadConfig({ env: {}, cwd: '.', configFile: file });
    else loadScrapeFile(file);
    return [];
  } catch (error) {
    if (error instanceof ScrapeConfigError || error instanceof AgentConfigError) return error.offences;
    throw error;
  }
}

/** The names say it: `.bad.` for a mistake, and `.incompatible.` for settings that exclude each other. */
const isBad = (name: string): boolean => /\.(bad|incompatible)\./.test(name);

async function loaded(name: string): Promise<string | undefined> {
  const offences = offencesOf(join(FOLDER, TESTDATA, name));
  if (isBad(name)) return offences.length > 0 ? undefined : 'taken, should be refused';
  return offences.length === 0 ? undefined : `refused: ${offences.join(' | ')}`;
}

export const configurations: Suite = {
  name: 'configurations',
  about: "Prometheus' own configuration files, good ones and one for each mistake",
  folder: FOLDER,
  async run() {
    const names = readdirSync(join(FOLDER, TESTDATA)).filter((name) => name.endsWith('.yml'));
    return [{ file: TESTDATA, cases: await checkEach(names, String, loaded) }];
  },
};
