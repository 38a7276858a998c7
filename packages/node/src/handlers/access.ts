import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Guard } from '../core/guard.ts';
import type { Asked } from './exchange.ts';

export interface AccessOptions {
  /** The application's own check, of the request as its framework gave it: true opens. What it throws is counted and closes. */
  check?(request: object): boolean | Promise<boolean>;
}

/**
 * `closed`: nothing is set that could open. `needed`: no token came. `wrong`: a wrong one. `refused`: the check said no, and
 * no token is set. `slow`: too many wrong ones.
 */
export type Access = 'granted' | 'closed' | 'needed' | 'wrong' | 'refused' | 'slow';

const SESSION_MS = 12 * 3600 * 1000;
const TRIES_PER_SECOND = 4;
const MOST_ADDRESSES = 256;

/** Compared by their digests, so that neither the length nor the place of a difference shows in the time it takes. */
function isSame(one: string, other: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(one), digest(other));
}

export class Gate {
  private readonly tries = new Map<string, { count: number; since: number }>();
  /** Differs by token: a browser keeps one jar for all ports of a host. */
  private readonly cookieName: string;

  constructor(
    private readonly token: string,
    private readonly check: AccessOptions['check'],
    private readonly guard: Guard,
    private readonly now: () => number = Date.now,
  ) {
    this.cookieName = `nightshift_${this.sign('name of the cookie').slice(0, 8)}`;
  }

  async judge(asked: Asked): Promise<Access> {
    if (this.check && (await this.isChecked(asked))) return 'granted';
    if (this.token === '') return this.check ? 'refused' : 'closed';
    return this.hasSession(asked) ? 'granted' : this.judgeToken(asked);
  }

  /** By the token alone: neither a session nor the application's check begins a session. */
  judgeToken(asked: Asked): Access {
    if (this.token === '') return 'closed';
    const given = /^bearer +(.+)$/i.exec(asked.header('authorization') ?? '')?.[1];
    return given === undefined ? 'needed' : this.compare(given, asked.address);
  }

  /** `set-cookie` of a session: nobody's script can read it, no other site can make a browser send it. */
  cookie(path: string, secure: boolean): string {
    const until = String(this.now() + SESSION_MS);
    return this.cookieOf(`${until}.${this.sign(`session ${until}`)}`, path, secure, SESSION_MS / 1000);
  }

  endCookie(path: string, secure: boolean): string {
    return this.cookieOf('', path, secure, 0);
  }

  private cookieOf(value: string, path: string, secure: boolean, maxAge: number): string {
    const scope = `Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict`;
    return `${this.cookieName}=${value}; ${scope}${secure ? '; Secure' : ''}`;
  }

  private async isChecked({ native }: Asked): Promise<boolean> {
    try {
      return (await this.check?.(native)) === true;
    } catch (error) {
      this.guard.report('access.check', error);
      return false;
    }
  }

  /** A wrong try counts, a right one does not; when there were too many, not even a right one opens. */
  private compare(given: string, address: string): Access {
    const tries = this.triesOf(address);
    if (tries.count >= TRIES_PER_SECOND) return 'slow';
    if (isSame(given, this.token)) return 'granted';
    tries.count++;
    return 'wrong';
  }

  private triesOf(address: string): { count: number; since: number } {
    const now = this.now();
    const key = this.tries.has(address) || this.tries.size < MOST_ADDRESSES ? address : '';
    const known = this.tries.get(key);
    if (known && now - known.since < 1000) return known;
    if (this.tries.size >= MOST_ADDRESSES) {
      for (const [one, { since }] of this.tries) if (now - since >= 1000) this.tries.delete(one);
    }
    const fresh = { count: 0, since: now };
    this.tries.set(key, fresh);
    return fresh;
  }

  private hasSession(asked: Asked): boolean {
    for (const pair of (asked.header('cookie') ?? '').split(';')) {
      const [name, value = ''] = pair.trim().split('=', 2);
      if (name !== this.cookieName) continue;
      const [until = '', signature = ''] = value.split('.');
      if (isSame(signature, this.sign(`session ${until}`)) && Number(until) > this.now()) return true;
    }
    return false;
  }

  /** With the token as the key, so that instances of a service know each other's sessions, and a new token ends them. */
  private sign(value: string): string {
    return createHmac('sha256', this.token).update(value).digest('hex');
  }
}
