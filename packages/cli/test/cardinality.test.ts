import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit.ts';
import { main } from '../src/main.ts';
import { captured } from './captured-terminal.ts';
import { CARDINALITY, type ContractServer, READ_TOKEN, startContractServer } from './contract-server.ts';

let server: ContractServer;
beforeEach(async () => {
  server = await startContractServer();
});
afterEach(() => server.close());

async function run(...args: string[]) {
  const terminal = captured({ env: { NIGHTSHIFT_SERVER: server.url, NIGHTSHIFT_TOKEN: READ_TOKEN } });
  const code = await main(['node', 'nightshift', 'cardinality', ...args], terminal);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

describe('nightshift cardinality', () => {
  it('sums up, and shows what makes the series', async () => {
    const { code, stdout } = await run();
    expect(code).toBe(EXIT.ok);
    expect(stdout.split('\n')[0]).toBe('1,234 series of 2 metrics, 60 in memory, 82.3 samples/s, 12 new in 24 hours');
    expect(stdout).toMatch(/^1,200 {3}4 +12 +requests_total {2}shop \+1 {2}user \(600\) × method \(2\)$/m);
    expect(stdout).toMatch(/^NEW IN 24H {2}THIS HOUR {2}METRIC/m);
    expect(stdout).toMatch(/^600 +1,200 {3}user {3}a\\u001b\[31m \(2\)$/m);
    expect(server.seen[0]).toMatchObject({ path: '/api/v1/cardinality', query: { limit: '10' } });
  });

  it('looks into a selector, with one list', async () => {
    const { stdout } = await run('{job="shop"}', '--by', 'pairs', '--limit', '3');
    expect(stdout).toBe('SERIES  LABEL AND VALUE\n1,234   job="shop"\n');
    expect(server.seen[0]?.query).toEqual({ 'match[]': '{job="shop"}', limit: '3' });
  });

  it('prints the whole answer for a script', async () => {
    expect(JSON.parse((await run('--json')).stdout)).toEqual(CARDINALITY);
  });

  it('refuses a list that there is not', async () => {
    const { code, stderr } = await run('--by', 'colour');
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('metrics, samples, growth, services, labels, pairs');
  });
});
