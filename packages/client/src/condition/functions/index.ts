import type { Overload } from '../overload.ts';
import { ADDRESS_FUNCTIONS } from './addresses.ts';
import { CONVERSIONS } from './conversions.ts';
import { STRING_FUNCTIONS } from './strings.ts';
import { TIME_FUNCTIONS } from './times.ts';

/** All functions of conditions but `size`, `type`, operators and macros. */
export const FUNCTIONS: readonly Overload[] = [
  ...CONVERSIONS,
  ...STRING_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...ADDRESS_FUNCTIONS,
];
