/** A moment in UTC. Months and days count from 1, weekdays from 0 for Sunday. */
export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly dayOfYear: number;
  readonly daysInMonth: number;
  readonly hour: number;
  readonly minute: number;
}

/** What JavaScript's Date can tell. */
const MAX_DATE_SECONDS = 8.64e12;
const DAY_SECONDS = 86_400;

/** The moment so many seconds after 1970, parts of a second cut off. */
export function momentAt(seconds: number): Moment {
  if (!(Math.abs(seconds) <= MAX_DATE_SECONDS)) return distantMoment(seconds);
  const date = new Date(Math.trunc(seconds) * 1000);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + 1;
  const day = date.getUTCDate();
  return {
    year,
    month,
    day,
    weekday: date.getUTCDay(),
    ...placeInYear(year, month, day),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

function placeInYear(year: number, month: number, day: number): { dayOfYear: number; daysInMonth: number } {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  return {
    dayOfYear: DAYS_BEFORE[month - 1]! + (month > 2 ? leap : 0) + day,
    daysInMonth: MONTH_DAYS[month - 1]! + (month === 2 ? leap : 0),
  };
}

/** Go counts from March 1 of the year -292277022400, in an unsigned 64-bit number of seconds (time/time.go). */
const FIRST_YEAR = 292_277_022_400;
const CYCLE_DAYS = 146_097;
const UNIX_TO_ABSOLUTE = (719_162n + 306n + BigInt(FIRST_YEAR / 400) * BigInt(CYCLE_DAYS)) * BigInt(DAY_SECONDS);

/** What Go's clock makes of seconds that no Date holds; NaN and what is out of int64 are its least value, as on x86-64. */
function distantMoment(seconds: number): Moment {
  const whole = Math.abs(seconds) < 2 ** 63 ? BigInt(Math.trunc(seconds)) : -(2n ** 63n);
  const absolute = BigInt.asUintN(64, whole + UNIX_TO_ABSOLUTE);
  const days = absolute / BigInt(DAY_SECONDS);
  const secondOfDay = Number(absolute % BigInt(DAY_SECONDS));
  // Days and years of the 400-year cycle, both from March 1 on.
  const dayOfCycle = Number(days % BigInt(CYCLE_DAYS));
  const leapDays = (day: number) => Math.floor(day / 1460) - Math.floor(day / 36_524) + Math.floor(day / 146_096);
  const yearOfCycle = Math.floor((dayOfCycle - leapDays(dayOfCycle)) / 365);
  const fromMarch = dayOfCycle - (365 * yearOfCycle + Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100));
  const monthFromMarch = Math.floor((5 * fromMarch + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const day = fromMarch - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const year = Number(days / BigInt(CYCLE_DAYS)) * 400 + yearOfCycle + (month <= 2 ? 1 : 0) - FIRST_YEAR;
  return {
    year,
    month,
    day,
    weekday: Number((days + 3n) % 7n),
    ...placeInYear(year, month, day),
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor((secondOfDay % 3600) / 60),
  };
}
