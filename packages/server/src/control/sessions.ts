import type { ControlDatabase } from './database.ts';
import { hashSecret, randomSecret } from './secret.ts';

/** Milliseconds that a session lives after its last use. */
export const sessionMs = 7 * 24 * 3600 * 1000;
// A write for each request would be a disk flush for each request.
const renewAfterMs = 3600 * 1000;

export class Sessions {
  constructor(
    private readonly database: ControlDatabase,
    private readonly now: () => number,
  ) {}

  /** Opens a session and returns its secret, which is stored only as a hash. */
  open(user: string): string {
    const secret = randomSecret();
    const now = this.now();
    this.database.run('DELETE FROM sessions WHERE expires_at <= ?', now);
    this.database.run('INSERT INTO sessions VALUES (?, ?, ?, ?)', hashSecret(secret), user, now, now + sessionMs);
    return secret;
  }

  /** Name of the user whose session this is, null for an unknown or expired one. Use prolongs it. */
  user(secret: string): string | null {
    const now = this.now();
    const hash = hashSecret(secret);
    const row = this.database.get<{ user: string; expires_at: number }>(
      'SELECT user, expires_at FROM sessions WHERE hash = ? AND expires_at > ?',
      hash,
      now,
    );
    if (!row) return null;
    if (row.expires_at < now + sessionMs - renewAfterMs) {
      this.database.run('UPDATE sessions SET expires_at = ? WHERE hash = ?', now + sessionMs, hash);
    }
    return row.user;
  }

  close(secret: string): void {
    this.database.run('DELETE FROM sessions WHERE hash = ?', hashSecret(secret));
  }
}
