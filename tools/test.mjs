/** `npm test`: lint, types and every test, then one line that counts them. The same on a desk and in CI. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureForTests, ensureReady, root } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', name);
const node = (args, env = {}) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
const which = (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** The browser tests need a Chromium. Where this user may install Debian packages, it is installed; where not, it says so. */
function ensureChromium() {
  if (which('chromium') || which('chromium-browser') || which('google-chrome')) return true;
  if (which('apt-get') && process.getuid?.() === 0) {
    console.log('Installing Chromium from Debian for the browser tests …');
    const apt = (...args) =>
      spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
        .status === 0;
    apt('update');
    if (apt('install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core')) return true;
  }
  console.log('\n!! No Chromium here and none could be installed: THE BROWSER TESTS ARE LEFT OUT.\n');
  return false;
}

await ensureReady();
ensureForTests();
ensureChromium();
const checks = [
  ['lint', () => node([bin('@biomejs/biome/bin/biome'), 'check', '.'])],
  ['types', () => node([bin('typescript/bin/tsc'), '-p', 'tsconfig.json'])],
].map(([name, check]) => ({ name, passed: check() }));

const dir = mkdtempSync(join(tmpdir(), 'nightshift-test-'));
const result = join(dir, 'result.json');
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${result}`, ...process.argv.slice(2)];
const ranWell = node([bin('vitest/vitest.mjs'), ...args]);
const counts = existsSync(result)
  ? JSON.parse(readFileSync(result, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
rmSync(dir, { recursive: true, force: true });

for (const { name, passed } of checks) console.log(`${passed ? 'ok' : 'FAILED'}: ${name}`);
const failedChecks = checks.filter((check) => !check.passed).length;
let failed = counts.numFailedTests + failedChecks;
// A file that fails to load has no tests to count, and still is a failure.
if (!ranWell && failed === failedChecks) failed += Math.max(1, counts.numFailedTestSuites ?? 1);
const passed = counts.numPassedTests + checks.length - failedChecks;
const skipped = (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0);
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
