import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, base64url (43 characters). */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept of a secret. A plain hash is enough: nobody can guess 256 random bits, however fast the hash. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();
