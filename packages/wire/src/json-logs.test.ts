import { describe, expect, it } from 'vitest';
import { WireError } from './batch.ts';
import { decodeJsonLogs } from './json-logs.ts';
import { severityOf } from './severity.ts';

const NOW = 1_700_000_000_000;
const decode = (text: string, service?: string) =>
  decodeJsonLogs(new TextEncoder().encode(text), NOW, service === undefined ? {} : { service });
const time = (value: string) => decode(`{"time":${value}}`)[0]!.timeUnixNano;

describe('JSON lines', () => {
  it('read a line of pino', () => {
    const [log] = decode(
      '{"level":50,"time":1700000000123,"pid":7,"msg":"no","err":{"type":"E"},"trace_id":"x"}\r\n\n',
      'api',
    );
    expect(log).toMatchObject({ severity: 17, severityText: '50', body: 'no', traceId: '' });
    expect(log!.timeUnixNano).toBe(1700000000123000000n);
    expect(log!.resource.service).toBe('api');
    expect(Object.fromEntries(log!.attributes)).toEqual({ pid: '7', err: '{"type":"E"}', trace_id: 'x' });
  });

  it.each([
    ['1700000000', 1700000000000000000n],
    ['1700000000.25', 1700000000250000000n],
    ['1700000000123', 1700000000123000000n],
    ['1700000000123456', 1700000000123456000n],
    ['1700000000123456789', 1700000000123456789n],
    ['"1700000000"', 1700000000000000000n],
    ['"2023-11-14T22:13:20Z"', 1700000000000000000n],
    ['"2023-11-14T23:13:20.000000007+01:00"', 1700000000000000007n],
    ['null', BigInt(NOW) * 1000000n],
  ])('read the time %s', (sent, expected) => {
    expect(time(sent)).toBe(expected);
  });

  it('take W3C ids, the first key present, and the line itself for want of a message', () => {
    const line = `{"service.name":"s","version":"v1","environment":"prod","traceId":"${'Ab'.repeat(16)}","span_id":"${'1'.repeat(16)}"}`;
    const [log] = decode(line, 'ignored');
    expect(log).toMatchObject({ body: line, traceId: 'ab'.repeat(16), spanId: '1'.repeat(16) });
    expect(log!.resource).toMatchObject({ service: 's', version: 'v1', environment: 'prod' });
  });

  it('keep an attribute called __proto__', () => {
    expect(decode('{"__proto__":1}')[0]!.attributes.get('__proto__')).toBe('1');
  });

  it.each([
    ['{"a":1}\n\nno json', /^line 3: invalid JSON/],
    ['[1]', /^line 1: expected a JSON object/],
    ['{"time":"yesterday"}', /^line 1: time "yesterday" is neither/],
    ['{"time":"2023-02-29T00:00:00Z"}', /neither RFC 3339/],
    ['{"time":"2023-11-14T22:13:20"}', /neither RFC 3339/],
    ['{"time":true}', /time true is neither/],
    ['{"msg":"\\ud800"}', /half a surrogate pair/],
  ])('refuse %j', (text, message) => {
    expect(() => decode(text)).toThrow(WireError);
    expect(() => decode(text)).toThrow(message);
  });

  it('refuse what is not UTF-8', () => {
    expect(() => decodeJsonLogs(Uint8Array.of(0x7b, 0xff, 0x7d), NOW)).toThrow(/not UTF-8/);
  });
});

describe('severity names', () => {
  it('become numbers of OpenTelemetry', () => {
    const names = ['TRACE', 'debug', ' Info ', 'INFO2', 'warning', 'ERR', 'crit', 'FATAL4', 'nonsense', ''];
    expect(names.map(severityOf)).toEqual([1, 5, 9, 10, 13, 17, 18, 24, 0, 0]);
  });
});
