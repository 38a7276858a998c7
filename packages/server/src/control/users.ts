import type { Right } from '../api/api.ts';
import type { ControlDatabase, Row } from './database.ts';
import { checkPassword, hashPassword, hashPasswordSync, randomPassword } from './password.ts';

export interface User {
  readonly name: string;
  readonly rights: readonly Right[];
  readonly mustChange: boolean;
}

interface UserRow extends Row {
  name: string;
  password: string;
  rights: string;
  must_change: number;
}

const userOf = (row: UserRow): User => ({
  name: row.name,
  rights: JSON.parse(row.rights) as Right[],
  mustChange: row.must_change === 1,
});

export class Users {
  constructor(
    private readonly database: ControlDatabase,
    private readonly now: () => number,
  ) {}

  /** Creates `admin` with every right where there is no user yet; returns the one-time password, or null. */
  createFirst(): string | null {
    if (this.database.get('SELECT 1 FROM users LIMIT 1')) return null;
    const password = randomPassword();
    const rights: Right[] = ['ingest', 'read', 'release', 'admin'];
    const hash = hashPasswordSync(password);
    this.database.run('INSERT INTO users VALUES (?, ?, ?, 1, ?)', 'admin', hash, JSON.stringify(rights), this.now());
    return password;
  }

  get(name: string): User | null {
    const row = this.row(name);
    return row ? userOf(row) : null;
  }

  /** The user whose password this is, null where name or password is wrong (in the same time). */
  async verify(name: string, password: string): Promise<User | null> {
    const row = this.row(name);
    const right = await checkPassword(password, row?.password);
    return row && right ? userOf(row) : null;
  }

  /** Sets a password of the user's own choice and ends all sessions of the user. */
  async setPassword(name: string, password: string): Promise<void> {
    const hash = await hashPassword(password);
    this.replace(name, hash, false);
  }

  /** Replaces the password by a random one-time password, which is returned; ends all sessions of the user. */
  resetPassword(name: string): string {
    const password = randomPassword();
    this.replace(name, hashPasswordSync(password), true);
    return password;
  }

  private row(name: string): UserRow | undefined {
    return this.database.get<UserRow>('SELECT * FROM users WHERE name = ?', name);
  }

  private replace(name: string, hash: string, mustChange: boolean): void {
    this.database.transaction(() => {
      const changed = this.database.run(
        'UPDATE users SET password = ?, must_change = ? WHERE name = ?',
        hash,
        mustChange ? 1 : 0,
        name,
      );
      if (changed === 0) throw new Error(`There is no user ${JSON.stringify(name)}.`);
      this.database.run('DELETE FROM sessions WHERE user = ?', name);
    });
  }
}
