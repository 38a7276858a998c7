import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../src/exit.ts';
import { main } from '../src/main.ts';
import type { Terminal } from '../src/terminal.ts';
import { captured } from './captured-terminal.ts';
import { type ContractServer, incidentOf, READ_TOKEN, startContractServer, TOKEN } from './contract-server.ts';

let server: ContractServer;
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'nightshift-cli-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(async () => {
  server = await startContractServer();
});
afterEach(() => server.close());

/** Runs the command against the test's server with a token of all rights. */
async function run(args: readonly string[], parts: Partial<Terminal> = {}) {
  const env = { NIGHTSHIFT_SERVER: server.url, NIGHTSHIFT_TOKEN: TOKEN };
  const terminal = captured({ cwd: dir, env, ...parts });
  const code = await main(['node', 'nightshift', ...args], terminal);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

const START = ['release', 'start', '--service', 'shop', '--version', '1.4', '--dir', 'app'];

describe('the command line', () => {
  it('shows the commands and the exit codes with --help, and hides what serve starts itself', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(EXIT.ok);
    expect(stdout).toContain('3  the server cannot be reached');
    for (const name of ['serve', 'agent', 'release', 'incident', 'query', 'logs', 'token', 'doctor', 'demo']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}`, 'm'));
    }
    expect(stdout).not.toMatch(/engine-child|gateway \[/);
  });

  it('documents the exit codes in the help of a single command, too', async () => {
    expect((await run(['incident', 'list', '--help'])).stdout).toContain('1  the answer is bad');
  });

  it.each([
    [['releas', 'list'], 'Did you mean release?'],
    [['release', 'strat'], 'Did you mean start?'],
    [['logs', '--servise', 'shop'], 'Did you mean --service?'],
  ])('names the nearest right word for %j', async (args, hint) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain(hint);
  });

  it.each([
    [['release', 'start', '--service', 'shop'], '--version'],
    [[...START, '--port', '99999', '--', 'node'], '65535'],
    [[...START, '--env', 'NOVALUE', '--', 'node'], 'KEY=VALUE'],
    [START, "missing required argument 'command'"],
    [['token', 'create', 'ci', '--rights', 'read,wirte'], 'wirte'],
    [['logs', '--since', 'yesterday'], '--since yesterday'],
    [['logs', '--severity', 'loud'], 'Allowed choices are trace, debug'],
    [['query', 'up', '--range', '--start', '1h', '--end', '2h'], '--end 2h is before --start 1h'],
    [['incident', 'list', '--server', 'localhost'], 'The server localhost'],
    [['incident', 'list', '--server', 'http://me:secret@host:1'], 'The server host:1: no name'],
    [['incident', 'list', '--token-file', 'nosuch'], 'no token can be read there'],
  ])('refuses %j, naming what is wrong, and asks the server nothing', async (args, message) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain(message);
    expect(server.seen).toEqual([]);
  });
});

describe('reaching the server', () => {
  it('says with code 3 that nothing answers', async () => {
    const { code, stderr } = await run(['incident', 'list', '--server', await closedPort()]);
    expect(code).toBe(EXIT.unreachable);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).toContain('nightshift serve');
  });

  it('says with code 4 that the token is missing, unknown, or has not the right', async () => {
    const env = (token: string) => ({ env: { NIGHTSHIFT_SERVER: server.url, NIGHTSHIFT_TOKEN: token } });
    const missing = await run(['incident', 'list'], env(''));
    expect(missing.code).toBe(EXIT.refused);
    expect(missing.stderr).toContain('--token-file');
    expect((await run(['incident', 'list'], env('wrong'))).code).toBe(EXIT.refused);
    const weak = await run([...START, '--', 'node'], env(READ_TOKEN));
    expect(weak.code).toBe(EXIT.refused);
    expect(weak.stderr).toContain('`release`');
  });

  it('finds server and token of this machine in the data directory', async () => {
    const dataDir = join(dir, '.nightshift');
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'cli-token'), `${TOKEN}\n`, { mode: 0o600 });
    writeFileSync(join(dataDir, 'serve.json'), JSON.stringify({ pid: process.pid, url: server.url }));
    expect((await run(['incident', 'list'], { env: {} })).code).toBe(EXIT.ok);
    const elsewhere = { env: { NIGHTSHIFT_DATA_DIR: dataDir }, cwd: tmpdir() };
    expect((await run(['incident', 'list'], elsewhere)).code).toBe(EXIT.ok);
    rmSync(dataDir, { recursive: true });
  });

  it('finds the data directory that the configuration names', async () => {
    const dataDir = join(dir, 'kept');
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'cli-token'), `${TOKEN}\n`, { mode: 0o600 });
    writeFileSync(join(dataDir, 'serve.json'), JSON.stringify({ pid: process.pid, url: server.url }));
    writeFileSync(join(dir, 'nightshift.yaml'), 'dataDir: kept\n');
    expect((await run(['incident', 'list'], { env: {} })).code).toBe(EXIT.ok);
    const elsewhere = { env: { NIGHTSHIFT_CONFIG: join(dir, 'nightshift.yaml') }, cwd: tmpdir() };
    expect((await run(['incident', 'list'], elsewhere)).code).toBe(EXIT.ok);
    writeFileSync(join(dir, 'nightshift.yaml'), 'dataDirr: kept\n');
    const misspelled = await run(['incident', 'list'], { env: {} });
    expect(misspelled.code).toBe(EXIT.usage);
    expect(misspelled.stderr).toContain('dataDir');
    rmSync(join(dir, 'nightshift.yaml'));
  });

  it('takes --token-file before NIGHTSHIFT_TOKEN', async () => {
    writeFileSync(join(dir, 'token'), 'wrong');
    expect((await run(['incident', 'list', '--token-file', 'token'])).code).toBe(EXIT.refused);
  });

  it('says on standard error what it waits for when an answer takes longer than a second', async () => {
    server.delayMs = 1200;
    const slow = await run(['token', 'list', '--json']);
    expect(slow.stderr).toBe('Asking …\n');
    expect(JSON.parse(slow.stdout)).toHaveProperty('tokens');
    server.delayMs = 0;
    expect((await run(['token', 'list'])).stderr).toBe('');
  });
});

describe('release', () => {
  it('starts what stands after --, with its options as the contract names them', async () => {
    const options = ['--revision', 'abc', '--health-path', '/up', '--port', '0', '--env', 'A=1', '--env', 'B=x=y'];
    const { code, stdout } = await run([...START, ...options, '--no-failover', '--', 'node', '--flag', 'main.js']);
    expect(code).toBe(EXIT.ok);
    expect(stdout).toBe('shop 1.4 is starting at http://127.0.0.1:4400. Release rel1\n');
    expect(server.seen[0]?.body).toEqual({
      service: 'shop',
      version: '1.4',
      dir: join(dir, 'app'),
      command: ['node', '--flag', 'main.js'],
      env: { A: '1', B: 'x=y' },
      revision: 'abc',
      healthPath: '/up',
      port: 0,
      failover: false,
    });
  });

  it('waits with --wait, and ends with 0 for a live and 1 for a failed release', async () => {
    server.releaseStates = ['starting', 'starting', 'live'];
    expect((await run([...START, '--wait', '--', 'node'])).code).toBe(EXIT.ok);
    server.releaseStates = ['starting', 'failed'];
    const failed = await run([...START, '--wait', '--json', '--', 'node']);
    expect(failed.code).toBe(EXIT.bad);
    expect(JSON.parse(failed.stdout)).toMatchObject({ id: 'rel1', state: 'failed' });
  });

  it('gives up waiting after --timeout', async () => {
    server.releaseStates = ['starting'];
    const { code, stderr } = await run([...START, '--wait', '--timeout', '150ms', '--', 'node']);
    expect(code).toBe(EXIT.bad);
    expect(stderr).toContain('rel1 is still starting');
  });

  it('lists releases as a table', async () => {
    const { stdout } = await run(['release', 'list', '--service', 'shop']);
    expect(stdout.split('\n')).toEqual([
      'ID    SERVICE  VERSION  STATE  LIVE SINCE            REASON',
      'rel1  shop     1.4      live   2026-01-02 03:04:05Z',
      '',
    ]);
    expect(server.seen[0]?.query).toEqual({ service: 'shop' });
  });

  it('rolls back, and ends with 1 where there is no last good version', async () => {
    expect((await run(['release', 'rollback', '--service', 'shop', '--reason', 'slow'])).code).toBe(EXIT.ok);
    expect(server.seen[0]?.body).toEqual({ service: 'shop', reason: 'slow' });
    const none = await run(['release', 'rollback', '--service', 'blog']);
    expect(none.code).toBe(EXIT.bad);
    expect(none.stderr).toBe('blog has no last good version.\n');
  });
});

describe('incident', () => {
  it('list ends with 1 while one is open', async () => {
    server.incidents = [incidentOf('mitigated')];
    expect((await run(['incident', 'list'])).code).toBe(EXIT.ok);
    server.incidents = [incidentOf('mitigated'), incidentOf('opened', 'inc2')];
    const { code, stdout } = await run(['incident', 'list', '--json']);
    expect(code).toBe(EXIT.bad);
    expect(JSON.parse(stdout).incidents).toHaveLength(2);
  });

  it('show tells timeline, impact and suspects of the newest', async () => {
    server.incidents = [incidentOf('mitigated')];
    const { code, stdout } = await run(['incident', 'show']);
    expect(code).toBe(EXIT.ok);
    expect(stdout).toContain('+0.340 s  1.4 serves all traffic');
    expect(stdout).toContain('detected after 120 ms, restored after 340 ms');
    expect(stdout).toContain('1. src/store.ts:28  0.93  a frame points at line 28');
    expect(stdout).toContain('+return JSON.parse(this.file);');
    expect(stdout).toContain(`${server.url}/incidents/inc1`);
  });

  it('show ends with 1 for an unknown one, and where there is none', async () => {
    expect((await run(['incident', 'show', 'nosuch'])).stderr).toBe('There is no incident nosuch here.\n');
    expect((await run(['incident', 'show'])).code).toBe(EXIT.bad);
  });

  it('report prints it or writes it to a file', async () => {
    expect((await run(['incident', 'report', 'inc1'])).stdout).toBe('# inc1 as md\n');
    const written = await run(['incident', 'report', 'inc1', '--format', 'html', '-o', 'report.html']);
    expect(written.stdout).toBe(`${join(dir, 'report.html')}\n`);
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toBe('# inc1 as html\n');
    const wrong = await run(['incident', 'report', 'inc1', '-o', 'nosuch/report.md']);
    expect(wrong.code).toBe(EXIT.usage);
  });
});

describe('query', () => {
  it('prints an instant vector', async () => {
    expect((await run(['query', 'up'])).stdout).toBe('VALUE  SERIES\n1      up{job="node"}\n');
    expect(JSON.parse((await run(['query', 'up', '--json'])).stdout)).toHaveProperty('resultType', 'vector');
  });

  it('prints of a native histogram what it counted', async () => {
    expect((await run(['query', 'took'])).stdout).toBe('VALUE             SERIES\ncount 4, sum 2.5  took\n');
    const { stdout } = await run(['query', 'up', '--range']);
    expect(stdout.split('\n').map((line) => line.slice(11, 19))).toEqual([
      '        ',
      '00:01:00',
      '00:01:30',
      '00:02:00',
      '',
    ]);
  });

  it('asks a range once a part of it is given', async () => {
    const { stdout } = await run(['query', 'up', '--start', '1000', '--end', '1600', '--step', '1m']);
    expect(server.seen[0]).toMatchObject({
      path: '/api/v1/query_range',
      query: { start: '1000', end: '1600', step: '60' },
    });
    expect(stdout).toContain('1970-01-01 00:02:00Z  2                 {job="a"}');
  });

  it('shows where an expression is wrong, with code 2', async () => {
    const { code, stderr } = await run(['query', 'sum']);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toBe('1:4: parse error: unexpected end of input\n');
  });
});

describe('logs', () => {
  const entry = { timeUnixNano: '0', service: 'shop', version: '1', traceId: '', spanId: '', attributes: {} };

  it('prints the newest last, with nothing in them that could steer a terminal', async () => {
    server.logs = [
      { ...entry, at: 2000, severity: 17, severityText: 'error', body: 'later\u001b[2J\u202e' },
      { ...entry, at: 1000, severity: 9, severityText: 'info', body: 'first' },
    ];
    const { stdout } = await run(['logs', '--service', 'shop', '--severity', 'info', '--since', '15m', 'two', 'words']);
    expect(stdout).toBe(
      '1970-01-01T00:00:01.000Z info  shop first\n1970-01-01T00:00:02.000Z error shop later\\u001b[2J\\u202e\n',
    );
    const { query } = server.seen[0]!;
    expect(query).toMatchObject({ service: 'shop', severity: 'info', q: 'two words', order: 'newest', limit: '200' });
    expect(Number(query.end) - Number(query.start)).toBe(15 * 60_000);
  });
});

describe('token', () => {
  it('prints a new token alone on standard output', async () => {
    const { stdout, stderr } = await run(['token', 'create', 'ci', '--rights', 'ingest,read']);
    expect(stdout).toBe('nst_new\n');
    expect(stderr).toContain('ingest, read');
    expect(server.seen[0]?.body).toEqual({ name: 'ci', rights: ['ingest', 'read'] });
  });

  it('rotates with a grace and revokes', async () => {
    expect((await run(['token', 'rotate', 'tok1', '--grace', '10m'])).stdout).toBe('nst_rotated\n');
    expect(server.seen[0]?.body).toEqual({ graceSeconds: 600 });
    expect((await run(['token', 'revoke', 'tok1'])).stdout).toBe('Revoked tok1.\n');
    expect(server.seen[1]).toMatchObject({ method: 'DELETE', path: '/api/v1/tokens/tok1' });
  });

  it('lists them', async () => {
    expect((await run(['token', 'list'])).stdout).toMatch(/^tok1 {2}ci {4}release {2}2026-01-02 03:04:05Z {2}- {8}-$/m);
  });
});

async function closedPort(): Promise<string> {
  const listener = createServer();
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
  });
  await new Promise((resolve) => listener.close(resolve));
  return `http://127.0.0.1:${port}`;
}
