import { randomBytes, type ScryptOptions, scrypt, scryptSync, timingSafeEqual } from 'node:crypto';

// OWASP's password storage cheat sheet: N=2^15, r=8, p=3. 32 MiB and about a fifth of a second for each attempt.
const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 ** 2 } as const satisfies ScryptOptions;
const keyBytes = 32;

/** `scrypt$N$r$p$salt$key`, salt and key base64url: everything that a check needs, so that the cost can rise later. */
const encode = (salt: Buffer, key: Buffer): string =>
  ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');

/** A random password of 120 bits that can be typed. */
export const randomPassword = (): string => randomBytes(15).toString('base64url');

const derive = (password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  );

// Each derivation takes 32 MiB: one after the other, a burst of logins cannot take more.
let last: Promise<unknown> = Promise.resolve();
function inTurn(work: () => Promise<Buffer>): Promise<Buffer> {
  const turn = last.then(work, work);
  last = turn.catch(() => undefined);
  return turn;
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return encode(salt, await inTurn(() => derive(password, salt, cost)));
}

/** For the first start, before anything else runs. */
export function hashPasswordSync(password: string): string {
  const salt = randomBytes(16);
  return encode(salt, scryptSync(password.normalize('NFKC'), salt, keyBytes, cost));
}

/** Takes the same time whether there is such a user or not: `stored` undefined is checked against nothing and fails. */
export async function checkPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, N, r, p, salt, key] = (stored ?? encode(Buffer.alloc(16), Buffer.alloc(keyBytes))).split('$');
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: cost.maxmem };
  const derived = await inTurn(() => derive(password, Buffer.from(salt ?? '', 'base64url'), options));
  const expected = Buffer.from(key ?? '', 'base64url');
  return stored !== undefined && expected.length === derived.length && timingSafeEqual(expected, derived);
}
