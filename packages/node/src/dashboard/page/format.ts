/** Numbers as people read them. */

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const count = (value: number): string => grouped.format(value);

export function decimal(value: number): string {
  if (Number.isInteger(value)) return grouped.format(value);
  if (value >= 100) return grouped.format(value);
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : value >= 0.001 ? value.toFixed(3) : '<0.001';
}

export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds === 0) return '0';
  if (seconds < 0.001) return `${decimal(seconds * 1e6)} µs`;
  if (seconds < 1) return `${decimal(seconds * 1000)} ms`;
  return seconds < 120 ? `${decimal(seconds)} s` : `${decimal(seconds / 60)} min`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${count(value)} B`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  let [scaled, unit] = [value / 1024, 0];
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${decimal(scaled)} ${units[unit]}`;
}

export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 0.01 ? '<0.01 %' : `${Number(percent.toFixed(percent >= 10 ? 1 : 2))} %`;
}

export const clock = (time: number): string => new Date(time).toLocaleTimeString('en-GB');

export function ago(time: number, now: number): string {
  const seconds = Math.max(0, (now - time) / 1000);
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 129_600 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
}
