import { NightshiftError } from '../errors/catalogue.ts';

const attempts = 10;
const windowMs = 60_000;
// Keeps the map small when somebody comes from ever new addresses.
const maxAddresses = 10_000;

/** At most ten failed logins a minute from one address. An attempt counts until it has succeeded. */
export class LoginLimit {
  private readonly windows = new Map<string, { start: number; count: number }>();

  constructor(private readonly now: () => number) {}

  /** Throws RATE_LIMITED with the seconds to wait. */
  attempt(address: string): void {
    const now = this.now();
    const window = this.windows.get(address);
    if (!window || now - window.start >= windowMs) {
      this.makeRoom(now);
      this.windows.set(address, { start: now, count: 1 });
      return;
    }
    if (window.count >= attempts) {
      const seconds = Math.ceil((window.start + windowMs - now) / 1000);
      throw new NightshiftError('RATE_LIMITED', { seconds }, seconds);
    }
    window.count += 1;
  }

  succeeded(address: string): void {
    this.windows.delete(address);
  }

  private makeRoom(now: number): void {
    if (this.windows.size < maxAddresses) return;
    for (const [address, { start }] of this.windows) {
      if (now - start >= windowMs || this.windows.size >= maxAddresses) this.windows.delete(address);
    }
  }
}
