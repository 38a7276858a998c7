import type { Right, TokenInfo } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { change, get } from './http.ts';

/** `token` is the secret itself; the server shows it this once. */
export type NewToken = TokenInfo & { token: string };

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async ({ signal }) => (await get<{ tokens: TokenInfo[] }>('tokens', {}, signal)).tokens,
});

export const createToken = (name: string, rights: Right[]): Promise<NewToken> =>
  change<NewToken>('POST', 'tokens', { name, rights });

/** The old secret stays valid for `graceSeconds`. */
export const rotateToken = (id: string, graceSeconds: number): Promise<NewToken> =>
  change<NewToken>('POST', `tokens/${encodeURIComponent(id)}/rotate`, { graceSeconds });

export const revokeToken = (id: string): Promise<void> => change<void>('DELETE', `tokens/${encodeURIComponent(id)}`);
