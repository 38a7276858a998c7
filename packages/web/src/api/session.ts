import type { Me } from '@nightshift/server/api';
import { queryOptions } from '@tanstack/react-query';
import { change, get } from './http.ts';

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => get<Me>('me', {}, signal),
  staleTime: 60_000,
});

export const login = (name: string, password: string): Promise<Me> => change<Me>('POST', 'login', { name, password });
export const logout = (): Promise<void> => change<void>('POST', 'logout');
export const changePassword = (current: string, next: string): Promise<void> =>
  change<void>('POST', 'password', { current, next });
