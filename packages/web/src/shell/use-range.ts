import { useSearch } from '@tanstack/react-router';
import type { RangeSearch } from '../time/range.ts';

/** The time range of the address, which all pages share. */
export const useRange = (): RangeSearch => useSearch({ from: '/shell' });
