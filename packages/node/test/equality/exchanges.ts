/** The table of exchanges: what clients do, orderly or not. */
import type { Exchange, Step } from './wire.ts';

interface Asked {
  readonly method?: string;
  readonly version?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Whether the server is to close the connection after it. */
  readonly last?: boolean;
}

/** One request; each carries the name of its exchange. */
function request(name: string, path: string, asked: Asked = {}): string {
  const { method = 'GET', version = '1.1', headers = [], body = '', last = true } = asked;
  const lines = [`${method} ${path} HTTP/${version}`, 'Host: example.test', `X-Exchange: ${name}`, ...headers];
  if (last && version === '1.1') lines.push('Connection: close');
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const one = (name: string, path: string, asked: Asked = {}): Exchange => ({
  name,
  steps: [{ send: request(name, path, asked) }],
});

const withSteps = (name: string, path: string, asked: Asked, ...steps: readonly Step[]): Exchange => ({
  name,
  steps: [{ send: request(name, path, { last: false, ...asked }) }, ...steps],
});

const racy = (exchange: Exchange): Exchange => ({ ...exchange, racy: true });

const RANGES = ['', 'bytes=0-9', 'bytes=10-', 'bytes=-5', 'bytes=0-0', 'bytes=9-2', 'bytes=0-3,8-9', 'bytes=9999999-'];
const CONDITIONS = [
  'If-None-Match: *',
  'If-None-Match: "another"',
  'If-Match: "another"',
  'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT',
  'If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT',
  'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT',
  'If-None-Match: "another"\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT',
  'If-Range: "another"\r\nRange: bytes=0-4',
];

function files(): Exchange[] {
  const ranges = ['small.txt', 'big.bin', 'empty.txt'].flatMap((file) =>
    RANGES.flatMap((range) =>
      ['GET', 'HEAD'].map((method) =>
        one(`${method} ${file} ${range || 'whole'}`, `/static/${file}`, {
          method,
          headers: range === '' ? [] : [`Range: ${range}`],
        }),
      ),
    ),
  );
  const conditional = CONDITIONS.flatMap((condition, number) =>
    ['GET', 'HEAD'].map((method) =>
      one(`${method} small.txt condition ${number}`, '/static/small.txt', { method, headers: [condition] }),
    ),
  );
  const odd = ['/static/missing.txt', '/static/../child.ts', '/static/%2e%2e/x', '/static/', '/static/%ZZ'];
  return [...ranges, ...conditional, ...odd.map((path) => one(`GET ${path}`, path))];
}

const RAW = [
  ...['empty', 'text', 'reason', 'cookies', 'raw-headers', 'no-date', 'chunks', 'trailers', 'corked', 'flush', 'hints'],
  ...['slow', 'events', 'big/4', 'small/50', 'pipe', 'gzip', 'brotli', 'twice', 'bad-header', 'after-end', 'objects'],
  ...['destroy-before', 'destroy-request', 'destroy-middle', 'destroy-socket', 'timeout', 'strict', 'nothing-there'],
];

function ofNode(): Exchange[] {
  const plain = RAW.flatMap((route) => [
    one(`GET ${route}`, `/raw/${route}`),
    one(`GET ${route} by 1.0`, `/raw/${route}`, { version: '1.0' }),
  ]);
  const heads = ['empty', 'text', 'chunks', 'trailers', 'pipe', 'gzip', 'slow', 'big/2'].map((route) =>
    one(`HEAD ${route}`, `/raw/${route}`, { method: 'HEAD' }),
  );
  const codes = ['200', '201', '204', '205', '304', '404', '418', '500', '503'].map((code) =>
    one(`status ${code}`, `/raw/status/${code}`),
  );
  const methods = ['OPTIONS', 'PUT', 'DELETE', 'PATCH'].map((method) =>
    one(`${method} text`, '/raw/text', { method, headers: ['Content-Length: 0'] }),
  );
  return [...plain, ...heads, ...codes, ...methods];
}

const CHUNKED = 'Transfer-Encoding: chunked';

function bodies(): Exchange[] {
  const long = 'l'.repeat(200_000);
  const post = (name: string, path: string, headers: string[], body: string) =>
    one(name, path, { method: 'POST', headers, body });
  return [
    post('echo a length', '/raw/echo', ['Content-Length: 5'], 'hello'),
    post('echo chunks', '/raw/echo', [CHUNKED], '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'),
    post('echo much', '/raw/echo', [`Content-Length: ${long.length}`], long),
    post('a body with trailers', '/raw/body', [CHUNKED, 'Trailer: X-A'], '3\r\nabc\r\n0\r\nX-A: yes\r\n\r\n'),
    post('an empty body', '/raw/body', ['Content-Length: 0'], ''),
    post('an unread body', '/raw/text', [`Content-Length: ${long.length}`], long),
    post('a refused body', '/raw/refuse', [`Content-Length: ${long.length}`], long),
    post('a broken chunk', '/raw/body', [CHUNKED], 'zz\r\nabc\r\n'),
    withSteps(
      'a body in parts',
      '/raw/body',
      { method: 'POST', headers: ['Content-Length: 6', 'Connection: close'] },
      { send: 'ab' },
      { wait: 8 },
      { send: 'cd' },
      { wait: 8 },
      { send: 'ef' },
    ),
    withSteps(
      'a body left in the middle',
      '/raw/body',
      { method: 'POST', headers: ['Content-Length: 10'] },
      { send: 'abc' },
      { wait: 20 },
      { destroy: true },
    ),
    withSteps(
      'a body ended in the middle',
      '/raw/echo',
      { method: 'POST', headers: ['Content-Length: 10'] },
      { send: 'abc' },
      { until: 'abc' },
      { end: true },
    ),
    withSteps(
      'continue',
      '/raw/body',
      { method: 'POST', headers: ['Expect: 100-continue', 'Content-Length: 3', 'Connection: close'] },
      { until: '100 Continue' },
      { send: 'abc' },
    ),
    post('continue refused', '/raw/body?refuse', ['Expect: 100-continue', 'Content-Length: 0'], ''),
    post('another expectation', '/raw/body', ['Expect: the-best', 'Content-Length: 0'], ''),
  ];
}

/** What is there before the client goes; with that it is the same each time. */
const GONE_AFTER: Readonly<Record<string, string>> = { 'events?forever': 'id: 2', flush: 'X-Early', slow: 'part 1' };

function leaving(): Exchange[] {
  const steps = (route: string): Step[] => [{ until: GONE_AFTER[route] ?? '' }, { wait: 10 }];
  return [
    ...['never', 'events?forever'].flatMap((route) => [
      withSteps(`left: ${route}`, `/raw/${route}`, {}, ...steps(route), { destroy: true }),
      withSteps(`reset: ${route}`, `/raw/${route}`, {}, ...steps(route), { destroy: true, reset: true }),
    ]),
    ...['slow', 'flush', 'big/200', 'pipe', 'timeout'].map((route) =>
      racy(withSteps(`left: ${route}`, `/raw/${route}`, {}, ...steps(route), { destroy: true })),
    ),
    racy(withSteps('left: app stream', '/app/stream', {}, { wait: 3 }, { destroy: true })),
    ...['never', 'slow', 'text'].map((route) =>
      racy(withSteps(`half closed: ${route}`, `/raw/${route}`, {}, { end: true })),
    ),
    withSteps('a reader that pauses', '/raw/big/80', { last: true }, { pause: 60 }),
    withSteps(
      'left before the turn',
      '/raw/never',
      {},
      { send: request('left second', '/raw/text') },
      { wait: 10 },
      { destroy: true },
    ),
  ];
}

function connections(): Exchange[] {
  const name = 'pipeline';
  const several = (label: string, paths: readonly string[]): Exchange => ({
    name: label,
    steps: [
      { send: paths.map((path, i) => request(`${label} ${i}`, path, { last: i === paths.length - 1 })).join('') },
    ],
  });
  const kept: Step[] = ['/raw/text', '/raw/chunks', '/app/text', '/raw/status/204'].flatMap((path, i) => [
    { send: request(`kept ${i}`, path, { last: false }) },
    { wait: 12 },
  ]);
  return [
    several(name, ['/raw/text', '/raw/chunks', '/raw/status/304', '/raw/empty']),
    several('pipeline, the first is slow', ['/raw/slow', '/raw/text', '/raw/flush', '/raw/big/1']),
    several('pipeline of one framework', ['/app/text', '/app/users/1', '/app/text', '/static/small.txt']),
    several('pipeline with a break', ['/raw/text', '/raw/destroy-middle', '/raw/text']),
    { name: 'kept alive', steps: [...kept, { send: request('kept last', '/raw/text') }] },
    {
      name: 'posts on one connection',
      steps: [0, 1, 2].map((i) => ({
        send: request(`posts ${i}`, '/raw/body', {
          method: 'POST',
          headers: [`Content-Length: ${i + 1}`],
          body: 'x'.repeat(i + 1),
          last: i === 2,
        }),
      })),
    },
    one('kept by 1.0', '/raw/text', { version: '1.0', headers: ['Connection: keep-alive'] }),
  ];
}

function strange(): Exchange[] {
  const upgrade = ['Connection: Upgrade', 'Upgrade: echo'];
  return [
    withSteps(
      'upgrade',
      '/socket',
      { headers: upgrade },
      { until: '101' },
      { send: 'ping' },
      { until: 'ping' },
      { end: true },
    ),
    withSteps('upgrade with bytes', '/socket', { headers: upgrade, body: 'early' }, { until: 'early' }, { end: true }),
    withSteps('upgrade left', '/socket', { headers: upgrade }, { until: '101' }, { destroy: true }),
    withSteps(
      'upgrade after a request',
      '/raw/text',
      {},
      { until: 'some text' },
      { send: request('upgrade second', '/s', { headers: upgrade, last: false }) },
      { until: '101' },
      { send: 'x' },
      { wait: 10 },
      { end: true },
    ),
    one('CONNECT', 'example.test:443', { method: 'CONNECT' }),
    { name: 'no host', steps: [{ send: 'GET /raw/text HTTP/1.1\r\nConnection: close\r\n\r\n' }] },
    { name: 'not HTTP', steps: [{ send: 'what is this\r\n\r\n' }] },
    { name: 'half a head', steps: [{ send: 'GET / HTTP/1.1\r\nHost: ' }, { wait: 10 }, { end: true }] },
    one('a long header', '/raw/text', { headers: [`X-Long: ${'h'.repeat(20_000)}`] }),
    one('many headers', '/raw/text', { headers: Array.from({ length: 1500 }, (_, i) => `X-${i}: ${i}`) }),
    one('a method of its own', '/raw/text', { method: 'PROPFIND' }),
    one('no known method', '/raw/text', { method: 'BREW' }),
    one('an absolute target', 'http://example.test/raw/text'),
    one('a long target', `/raw/text?${'q'.repeat(8000)}`),
    one('a trace', '/raw/text', { headers: ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'] }),
    one('a bad trace', '/raw/text', { headers: ['traceparent: 00-x', 'traceparent: 00-y', 'tracestate: ==='] }),
    one('thrown', '/raw/throw'),
    racy(
      withSteps('thrown late', '/raw/throw-late', { last: true }, { until: 'begun' }, { wait: 20 }, { destroy: true }),
    ),
  ];
}

function ofFrameworks(): Exchange[] {
  const json = (name: string, body: string) =>
    one(name, '/app/json', {
      method: 'POST',
      headers: ['Content-Type: application/json', `Content-Length: ${body.length}`],
      body,
    });
  const paths = ['text', 'html', 'users/7', 'users/a%20b', 'redirect', 'gzip', 'file', 'stream', 'missing'];
  return [
    ...paths.flatMap((path) =>
      ['GET', 'HEAD'].map((method) =>
        one(`${method} app ${path}`, `/app/${path}`, { method, headers: ['Accept-Encoding: gzip'] }),
      ),
    ),
    ...['error', 'error?own', 'async-error', 'async-error?own'].map((path) => one(`GET app ${path}`, `/app/${path}`)),
    racy(
      withSteps(
        'app late-error',
        '/app/late-error',
        { last: true },
        { until: 'begun' },
        { wait: 20 },
        { destroy: true },
      ),
    ),
    withSteps('GET app events', '/app/events', { last: true }, { until: 'id: 2' }, { wait: 5 }, { destroy: true }),
    json('app json', '{"a":[1,2,{"b":null}]}'),
    json('app bad json', '{"a":'),
    json('app long json', JSON.stringify({ long: 'x'.repeat(90_000) })),
    one('DELETE app user', '/app/users/7', { method: 'DELETE' }),
    one('OPTIONS app user', '/app/users/7', { method: 'OPTIONS' }),
    one('PUT app nowhere', '/app/text', { method: 'PUT', headers: ['Content-Length: 0'] }),
  ];
}

/** Names are unique, and go into a header. */
export const exchanges: readonly Exchange[] = [
  ...files(),
  ...ofNode(),
  ...bodies(),
  ...leaving(),
  ...connections(),
  ...strange(),
  ...ofFrameworks(),
];
