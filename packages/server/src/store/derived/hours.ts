/** Hours of Unix time: hour `n` holds the samples with n * HOUR_MS <= time < (n + 1) * HOUR_MS. */
export const HOUR_MS = 3_600_000;

export const hourOf = (time: number): number => Math.floor(time / HOUR_MS);

/** A Set will do. */
export interface HourSet {
  has(hour: number): boolean;
}

/** From `first` to `last`, both included. */
export const hoursBetween = (first: number, last: number): HourSet => ({
  has: (hour) => hour >= first && hour <= last,
});
