import { createRequire } from 'node:module';
import { getPriority, setPriority } from 'node:os';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Where processors are scarce, what a sender waits for comes before inserting and merging what it sent. */
const NICE = 10;

/**
 * The file of the ClickHouse library for this platform, out of the packages that `chdb` brings.
 * Throws with the platform's name where there is none.
 */
export function libraryPath(platform = process.platform, arch = process.arch): string {
  const suffix = platform === 'linux' ? '-gnu' : '';
  const name = `@chdb/lib-${platform}-${arch}${suffix}`;
  try {
    const chdb = createRequire(require.resolve('chdb/package.json'));
    return join(dirname(chdb.resolve(`${name}/package.json`)), 'libchdb.so');
  } catch {
    throw new Error(
      `there is no ClickHouse library for ${platform} ${arch} (package ${name}); set engine.url to a ClickHouse server`,
    );
  }
}

/**
 * Runs ClickHouse in this process until standard input closes; never returns. The event loop stands still meanwhile:
 * this process does nothing else. It ends by a
 * signal in any case (the library crashes after its databases are shut down); a reason, if any, is on standard error.
 */
export function runEngineChild(clickhouseArguments: readonly string[]): never {
  // Before the library starts its threads, which inherit it. Nobody but root may lower it, where it is higher already.
  setPriority(Math.max(NICE, getPriority()));
  // Loaded here and not above, so that other commands of the same bundle do not pay for it.
  const { open, load, DataType } = require('ffi-rs') as typeof import('ffi-rs');
  open({ library: 'chdb', path: libraryPath() });
  // With the library's own handlers a crash in its exit code, which comes after every clean shutdown, takes four seconds.
  load({
    library: 'chdb',
    funcName: 'chdb_set_signal_handlers_enabled',
    retType: DataType.Void,
    paramsType: [DataType.I32],
    paramsValue: [0],
  });
  const argv = ['clickhouse', ...clickhouseArguments];
  const result = load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
  });
  let reason = '';
  try {
    reason = load({
      library: 'chdb',
      funcName: 'chdb_result_error',
      retType: DataType.String,
      paramsType: [DataType.External],
      paramsValue: [result],
    });
  } catch {
    // No error text is a null pointer, which cannot be read as a string.
  }
  if (reason) process.stderr.write(`${reason}\n`);
  // An ordinary exit would run the library's exit handlers, which crash.
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}
