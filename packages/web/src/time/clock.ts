const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Local `14:02:03`, with `digits` decimals of the second (0 to 3). */
export function clock(at: number, digits = 0): string {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (digits === 0) return time;
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0').slice(0, digits)}`;
}

/** Local `21 Nov 14:02:03`; the year is added when it is not this one. */
export function moment(at: number, now = Date.now()): string {
  const date = new Date(at);
  const year = date.getFullYear() === new Date(now).getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year} ${clock(at)}`;
}

/** How long, in the two largest units that matter: `640 ms`, `0.9 s`, `14 m 59 s`, `3 h 2 m`, `5 d 1 h`. */
export function duration(ms: number): string {
  const sign = ms < 0 ? '−' : '';
  const size = Math.abs(ms);
  if (size < 1) return size === 0 ? '0 ms' : `${sign}${size.toPrecision(2)} ms`;
  if (size < 10) return `${sign}${Number(size.toFixed(1))} ms`;
  if (size < 950) return `${sign}${Math.round(size)} ms`;
  if (size < 59_950) return `${sign}${(size / 1000).toFixed(size < 9_950 ? 1 : 0)} s`;
  const seconds = Math.round(size / 1000);
  if (seconds < 3600) return `${sign}${pair(Math.floor(seconds / 60), 'm', seconds % 60, 's')}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${sign}${pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm')}`;
  const hours = Math.round(minutes / 60);
  return `${sign}${pair(Math.floor(hours / 24), 'd', hours % 24, 'h')}`;
}

const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;

/** `3 m 2 s ago`, or `just now` within two seconds. */
export const ago = (at: number, now = Date.now()): string =>
  now - at < 2000 ? 'just now' : `${duration(now - at)} ago`;

/** The clock with milliseconds for today, day and clock for anything earlier. */
export const clockOrDay = (at: number, now = Date.now()): string =>
  new Date(at).toDateString() === new Date(now).toDateString() ? clock(at, 3) : moment(at, now);
