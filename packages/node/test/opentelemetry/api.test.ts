import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeOtlpTraces } from '../../../wire/src/index.ts';
import { receiver } from '../export/receiver.ts';

const here = import.meta.dirname;
const packages = resolve(here, '../node_modules');
const hasSdk = existsSync(join(packages, '@opentelemetry/sdk-node'));

describe.skipIf(!hasSdk)('with the API of an application, of a version of its own', () => {
  let built = '';
  beforeAll(async () => {
    built = mkdtempSync(join(packages, '.nightshift-test-'));
    await build({
      entryPoints: [resolve(here, 'app.ts')],
      outfile: join(built, 'app.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      // The library's own copy is part of it; what the application imports is not.
      plugins: [
        {
          name: 'copies',
          setup({ onResolve }) {
            onResolve({ filter: /^@opentelemetry\// }, ({ importer }) =>
              importer.startsWith(here) ? { external: true } : undefined,
            );
          },
        },
      ],
      external: ['import-in-the-middle', 'require-in-the-middle', 'prom-client'],
    });
  }, 60_000);
  afterAll(() => rmSync(built, { recursive: true, force: true }));

  const run = async (way: string) => {
    const { url, of, close } = await receiver();
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(built, 'app.mjs'), url, way], {
        timeout: 60_000,
        cwd: packages,
      });
      const spans = of('traces').flatMap(({ body }) => decodeOtlpTraces(body, 'protobuf'));
      return { seen: JSON.parse(stdout) as string[], stderr, spans };
    } finally {
      await close();
    }
  };

  it('its spans are in the traces of the library', { timeout: 90_000 }, async () => {
    const { spans, stderr } = await run('api');
    expect(stderr).toBe('');
    const [inner, whole] = spans;
    expect(spans.map(({ name }) => name)).toEqual(['inner', 'whole']);
    expect(inner).toMatchObject({ traceId: whole!.traceId, parentSpanId: whole!.spanId });
  });

  it('an SDK of its own that starts later has its spans', { timeout: 90_000 }, async () => {
    const { seen, spans } = await run('sdk');
    expect(seen).toEqual(['inner', 'outer', 'true']);
    expect(spans).toEqual([]);
  });
});
