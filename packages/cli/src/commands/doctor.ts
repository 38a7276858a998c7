import { type Check, checkDataDir, checkEngine, checkNode, checkPort } from '../checks.ts';
import { runningServer } from '../connection.ts';
import { printed, type Register } from '../context.ts';
import { EXIT } from '../exit.ts';
import { withProgress } from '../progress.ts';
import { table } from '../table.ts';
import { paint, printable, type Terminal } from '../terminal.ts';

interface Options {
  config?: string;
  json?: boolean;
}

interface Setting {
  key: string;
  value: unknown;
  source: string;
  where: string;
}

export const doctor: Register = (program, context) => {
  program
    .command('doctor')
    .description('the effective configuration with the source of every value, and whether Nightshift can run here')
    .option('-c, --config <file>', 'configuration file (NIGHTSHIFT_CONFIG; else nightshift.yaml here)')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const { terminal } = context;
      const { loadConfig } = await import('@nightshift/server');
      const { config, sources } = loadConfig({ file: options.config, env: terminal.env, cwd: terminal.cwd });
      const { host, port, otlpPort, otlpGrpcPort } = config.http;
      const running = runningServer(config.dataDir);
      const checks = await withProgress(
        terminal,
        () => 'Checking',
        Promise.all([
          checkNode(process.versions.node),
          checkDataDir(config.dataDir),
          checkPort('http.port', host, port, running?.url),
          checkPort('http.otlpPort', host, otlpPort, running?.otlpUrl),
          checkPort('http.otlpGrpcPort', host, otlpGrpcPort, running?.otlpGrpcUrl),
          checkEngine(config.engine.url, context.argv[1] ?? ''),
        ]),
      );
      const settings = [...sources].map(([key, { value, source, where }]) => ({ key, value, source, where }));
      const ok = checks.every((check) => check.ok);
      printed(terminal, options.json === true, { ok, settings, checks }, () => show(terminal, settings, checks));
      context.exitCode = ok ? EXIT.ok : EXIT.bad;
    });
};

function show(terminal: Terminal, settings: readonly Setting[], checks: readonly Check[]): string {
  const rows = settings.map(({ key, value, source, where }) => {
    return [key, value === undefined ? '' : JSON.stringify(value), source === 'default' ? source : where];
  });
  const lines = checks.map(({ name, ok, finding }) => {
    const mark = ok ? paint(terminal, 'good', 'ok   ') : paint(terminal, 'bad', 'WRONG');
    return `${mark}  ${name}: ${printable(finding)}\n`;
  });
  return `${table(terminal, ['SETTING', 'VALUE', 'FROM'], rows)}\n${lines.join('')}`;
}
