import { WireError } from './batch.ts';

/** The range of a JavaScript Date, years ±271,821: whole milliseconds within it are exact, and every later part can print them. */
const MAX_MILLISECONDS = 8.64e15;

/** Fails for a timestamp (Unix milliseconds) that no clock shows; `where` is put in front of the message. */
export function checkTimestamp(milliseconds: number, where: string): void {
  if (milliseconds >= -MAX_MILLISECONDS && milliseconds <= MAX_MILLISECONDS) return;
  throw new WireError(`${where}: timestamp ${milliseconds} ms is out of range (±${MAX_MILLISECONDS})`);
}

/** The nearest timestamp (Unix milliseconds) that `checkTimestamp` takes. */
export function nearestTimestamp(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, -MAX_MILLISECONDS), MAX_MILLISECONDS);
}

const MAX_NANOSECONDS = 2n ** 63n - 1n;

/** Fails for Unix nanoseconds that do not fit into signed 64 bits, year 2262; `where` is put in front of the message. */
export function checkNano(nanoseconds: bigint, where: string): void {
  if (nanoseconds >= 0n && nanoseconds <= MAX_NANOSECONDS) return;
  throw new WireError(`${where}: the time ${nanoseconds} ns does not fit into signed 64 bits`);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

/** Unix nanoseconds of an RFC 3339 date and time (a space for the T, a comma for the point are taken too); undefined if it is none. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as [number, ...number[]];
  const valid = hour! <= 23 && minute! <= 59 && second! <= 60 && month! >= 1 && month! <= 12;
  if (!valid || day! < 1 || day! > daysInMonth(year!, month!)) return undefined;
  const offset = match[8] === undefined ? 0 : (Number(match[9]) * 60 + Number(match[10])) * (match[8] === '-' ? -1 : 1);
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  const seconds = date.getTime() / 1000 + hour! * 3600 + (minute! - offset) * 60 + second!;
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
}

function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}
