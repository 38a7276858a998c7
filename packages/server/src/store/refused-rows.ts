import { ClickHouseError } from '@clickhouse/client';

/**
 * What ClickHouse calls rows that it cannot take as they are (src/Common/ErrorCodes.cpp). Everything else passes or can be
 * mended, such as a full disk, too many parts, or a table that is not there: that is tried again for as long as it takes.
 */
const TYPES: ReadonlySet<string> = new Set([
  'ARGUMENT_OUT_OF_BOUND',
  'CANNOT_CONVERT_TYPE',
  'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN',
  'CANNOT_PARSE_DATE',
  'CANNOT_PARSE_DATETIME',
  'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  'CANNOT_PARSE_NUMBER',
  'CANNOT_PARSE_TEXT',
  'CANNOT_READ_ALL_DATA',
  'DECIMAL_OVERFLOW',
  'INCORRECT_DATA',
  'TOO_LARGE_ARRAY_SIZE',
  'TOO_LARGE_STRING_SIZE',
  'TOO_MANY_PARTITIONS',
  'TYPE_MISMATCH',
  'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  'VIOLATED_CONSTRAINT',
]);

/** Whether the engine would refuse the same rows again. */
export const areRefusedForGood = (error: unknown): boolean =>
  error instanceof ClickHouseError && TYPES.has(error.type ?? '');
