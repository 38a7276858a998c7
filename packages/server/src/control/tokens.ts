import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Right, TokenInfo } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';
import type { ControlDatabase, Row } from './database.ts';
import { hashSecret, randomSecret } from './secret.ts';

interface TokenRow extends Row {
  id: string;
  name: string;
  rights: string;
  hash: Buffer;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

/** `token` is shown once, here. */
export type NewToken = TokenInfo & { readonly token: string };

const infoOf = (row: TokenRow): TokenInfo => ({
  id: row.id,
  name: row.name,
  rights: JSON.parse(row.rights) as Right[],
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
});

// A write for each request would be a disk flush for each request.
const lastUsedStepMs = 60_000;

/** API tokens: `ns_` and 256 random bits, kept as SHA-256. Any number may be valid at once. */
export class Tokens {
  /** Rows of tokens that were verified, by hash: this process alone writes them, and forgets all when it changes one. */
  private readonly verified = new Map<string, TokenRow>();

  constructor(
    private readonly database: ControlDatabase,
    private readonly now: () => number,
  ) {}

  /** Valid tokens, oldest first. */
  list(): TokenInfo[] {
    const valid = 'SELECT * FROM tokens WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at, rowid';
    return this.database.all<TokenRow>(valid, this.now()).map(infoOf);
  }

  create(name: string, rights: readonly Right[]): NewToken {
    this.verified.clear();
    this.database.run('DELETE FROM tokens WHERE expires_at <= ?', this.now());
    const token = `ns_${randomSecret()}`;
    const info: TokenInfo = {
      id: `T-${randomBytes(6).toString('hex')}`,
      name,
      rights: [...rights],
      createdAt: this.now(),
      expiresAt: null,
      lastUsedAt: null,
    };
    const columns = [info.id, name, JSON.stringify(rights), hashSecret(token), info.createdAt] as const;
    this.database.run('INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL, NULL)', ...columns);
    return { ...info, token };
  }

  /** The token's entry, null for an unknown or expired one. */
  verify(token: string): TokenInfo | null {
    const hash = hashSecret(token);
    const row = this.find(hash);
    const now = this.now();
    if (!row || !timingSafeEqual(row.hash, hash)) return null;
    if (row.expires_at !== null && row.expires_at <= now) return null;
    if (row.last_used_at === null || now - row.last_used_at >= lastUsedStepMs) {
      this.database.run('UPDATE tokens SET last_used_at = ? WHERE id = ?', now, row.id);
      row.last_used_at = now;
    }
    return infoOf(row);
  }

  private find(hash: Buffer): TokenRow | undefined {
    const key = hash.toString('base64');
    const known = this.verified.get(key);
    if (known) return known;
    const row = this.database.get<TokenRow>('SELECT * FROM tokens WHERE hash = ?', hash);
    if (row) this.verified.set(key, row);
    return row;
  }

  /** Creates a successor of the same name and rights; the old one stays valid for `graceSeconds`. NOT_FOUND for no valid token. */
  rotate(id: string, graceSeconds: number): NewToken {
    this.verified.clear();
    return this.database.transaction(() => {
      const old = this.list().find((token) => token.id === id);
      if (!old) throw new NightshiftError('NOT_FOUND', { what: `token ${id}` });
      const end = Math.min(old.expiresAt ?? Number.POSITIVE_INFINITY, this.now() + graceSeconds * 1000);
      this.database.run('UPDATE tokens SET expires_at = ? WHERE id = ?', end, id);
      return this.create(old.name, old.rights);
    });
  }

  /** NOT_FOUND for no such token. */
  delete(id: string): void {
    this.verified.clear();
    if (this.database.run('DELETE FROM tokens WHERE id = ?', id) === 0) {
      throw new NightshiftError('NOT_FOUND', { what: `token ${id}` });
    }
  }
}
