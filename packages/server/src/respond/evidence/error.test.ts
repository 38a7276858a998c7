import { describe, expect, it } from 'vitest';
import { isInApp, parseError } from './error.ts';

const JS = `2026-11-21T14:02:11.216Z error GET /x SyntaxError: Unexpected token 'l', "links.json" is not valid JSON
    at JSON.parse (<anonymous>)
    at LinkStore.all (file:///srv/v2/dist/store.js:27:17)
    at async /srv/v2/dist/server.js:9:3`;

describe('an error in logs and bodies', () => {
  it('is read from a JavaScript stack, also inside JSON, escaped text and an HTML page', () => {
    const forms = [
      JS.split('\n'),
      [JSON.stringify({ level: 50, err: { type: 'SyntaxError', stack: JS } })],
      [JS.replaceAll('\n', '\\n')],
      [
        `<html><pre>${JS.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('\n', '<br>')}</pre></html>`,
      ],
    ];
    for (const form of forms) {
      const error = parseError(form);
      expect(error).toMatchObject({
        type: 'SyntaxError',
        message: `Unexpected token 'l', "links.json" is not valid JSON`,
      });
      expect(error?.frames.find(isInApp)).toEqual({
        function: 'LinkStore.all',
        file: '/srv/v2/dist/store.js',
        line: 27,
        column: 17,
      });
    }
  });

  it('is read from Python, innermost frame first', () => {
    const text =
      'Traceback (most recent call last):\n  File "/app/main.py", line 3, in serve\n    load()\n  File "/app/store.py", line 9, in load\n    json.loads(f)\njson.decoder.JSONDecodeError: Expecting value: line 1';
    expect(parseError([text])).toMatchObject({
      type: 'json.decoder.JSONDecodeError',
      message: 'Expecting value: line 1',
      frames: [{ file: '/app/store.py', line: 9, function: 'load' }, { line: 3 }],
    });
  });

  it('is read from Java and Go', () => {
    const java =
      'Exception in thread "main" java.lang.NullPointerException: name is null\n\tat com.acme.Store.load(Store.java:41)\n\tat java.base/java.lang.Thread.run(Thread.java:840)';
    expect(parseError([java])).toMatchObject({
      type: 'java.lang.NullPointerException',
      frames: [{ file: 'Store.java', line: 41 }, {}],
    });
    const go =
      'panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.load(0x1)\n\t/src/store.go:17 +0x1d';
    expect(parseError(go.split('\n'))).toMatchObject({
      type: 'panic',
      frames: [{ function: 'main.load', file: '/src/store.go', line: 17 }],
    });
  });

  it('prefers an error with frames of the application over a bare message, and is null without any', () => {
    expect(parseError(['warn: ConnectionError: later', ...JS.split('\n')])?.type).toBe('SyntaxError');
    expect(parseError(['all is well', '{"level":30}'])).toBeNull();
  });

  it('takes hostile lines in bounded time', () => {
    const started = performance.now();
    parseError([
      'a.'.repeat(20_000),
      `at ${'('.repeat(20_000)}`,
      `<html>${'<'.repeat(50_000)}`,
      `    at ${'x '.repeat(10_000)}(`,
      '{"a":'.repeat(5_000),
    ]);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
