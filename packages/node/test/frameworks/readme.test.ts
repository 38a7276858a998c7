import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeWorkplace, routesOf, run } from './run.ts';

it('the first example of the README works as it stands', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
  const workplace = await makeWorkplace();
  try {
    // The package is beside it, not installed; the server is one that the test can find.
    const found = example
      .replace("'@nightshift/node'", "'./index.mjs'")
      .replace(
        /app\.listen\(.*\);/,
        "const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));",
      );
    expect(found).not.toBe(example);
    writeFileSync(join(workplace.folder, 'readme.mjs'), found);
    const running = await run(workplace, 'readme', 'plain', { METRICS_DASHBOARD_TOKEN: 'choose-one' });
    try {
      expect(await running.ask('GET', '/users/42')).toBe(200);
      expect(await running.ask('GET', '/nightshift')).toBe(401);
      expect(await running.ask('GET', '/nightshift', { authorization: 'Bearer choose-one' })).toBe(200);
      expect(routesOf(await running.report())).toMatchObject({ 'GET /users/:id 200': 1 });
    } finally {
      await running.stop();
    }
  } finally {
    workplace.remove();
  }
});
