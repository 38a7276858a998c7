/** An empty project of somebody else, into which the package is installed from its tarball. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../../..');

export interface Ran {
  readonly status: number | null;
  readonly output: string;
}

/** Runs to its end, or is killed after two minutes. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Ran> {
  const child = spawn(program, args, { cwd, env: bare(), stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  return new Promise((done) => {
    child.once('error', (error) => done({ status: null, output: String(error) }));
    child.once('close', (status) => {
      clearTimeout(timer);
      done({ status, output });
    });
  });
}

/** The environment without what test runners and npm leave there for their children. */
function bare(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !/^(npm_|VITEST|NODE_OPTIONS|NODE_ENV|TEST)/.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as unknown as NodeJS.ProcessEnv;
}

const NPM = ['--no-fund', '--no-audit', '--loglevel=error', '--prefer-offline', '--ignore-scripts'];

export interface Project {
  readonly dir: string;
  write(name: string, text: string): void;
  install(...packages: string[]): Promise<Ran>;
  remove(): void;
}

export function createProject(name: string): Project {
  const dir = mkdtempSync(join(tmpdir(), `nightshift-${name}-`));
  const write = (file: string, text: string) => writeFileSync(join(dir, file), text);
  write('package.json', JSON.stringify({ name, private: true }));
  return {
    dir,
    write,
    install: (...packages) => run('npm', ['install', ...NPM, ...packages], dir),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export interface Node {
  readonly name: string;
  /** Undefined where it could not be had. */
  readonly program: string | undefined;
}

/** Node by its packages, where there are some for this machine. */
export async function otherNode(project: Project, major: number): Promise<Node> {
  const { status } = await project.install(`node${major}@npm:node-${process.platform}-${process.arch}@${major}`);
  const program = join(project.dir, `node_modules/node${major}/bin/node`);
  const { output } = status === 0 ? await run(program, ['--version'], project.dir) : { output: '' };
  return { name: `Node ${major}`, program: output.startsWith(`v${major}.`) ? program : undefined };
}
