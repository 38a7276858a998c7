import { ClickHouseError } from '@clickhouse/client';

/**
 * What ClickHouse calls rows or a statement that it cannot take as they are (src/Common/ErrorCodes.cpp).
 */
const FOR_GOOD: ReadonlySet<string> = new Set([
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
  'NOT_IMPLEMENTED',
  'SYNTAX_ERROR',
  'TOO_LARGE_ARRAY_SIZE',
  'TOO_LARGE_STRING_SIZE',
  'TOO_MANY_PARTITIONS',
  'TYPE_MISMATCH',
  'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  'VIOLATED_CONSTRAINT',
]);

/** What passes, or what somebody has to mend: it says nothing of the rows. */
const PASSING: ReadonlySet<string> = new Set([
  'ABORTED',
  'ACCESS_DENIED',
  'ALL_CONNECTION_TRIES_FAILED',
  'ALL_REPLICAS_ARE_STALE',
  'AUTHENTICATION_FAILED',
  'CANNOT_ALLOCATE_MEMORY',
  'CANNOT_CREATE_DIRECTORY',
  'CANNOT_FSYNC',
  'CANNOT_OPEN_FILE',
  'CANNOT_SCHEDULE_TASK',
  'CANNOT_STATVFS',
  'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
  'DEADLOCK_AVOIDED',
  'KEEPER_EXCEPTION',
  'MEMORY_LIMIT_EXCEEDED',
  'NETWORK_ERROR',
  'NOT_ENOUGH_SPACE',
  'NO_SUCH_COLUMN_IN_TABLE',
  'NO_ZOOKEEPER',
  'QUERY_WAS_CANCELLED',
  'QUOTA_EXCEEDED',
  'READONLY',
  'REQUIRED_PASSWORD',
  'SOCKET_TIMEOUT',
  'TABLE_IS_DROPPED',
  'TABLE_IS_READ_ONLY',
  'TIMEOUT_EXCEEDED',
  'TOO_FEW_LIVE_REPLICAS',
  'TOO_MANY_MUTATIONS',
  'TOO_MANY_PARTS',
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'UNKNOWN_DATABASE',
  'UNKNOWN_STATUS_OF_INSERT',
  'UNKNOWN_TABLE',
]);

/** `for-good`: the engine would say the same again. `passing`: tried again for as long as it takes. */
export type Refusal = 'for-good' | 'passing' | 'unknown';

export function refusalOf(error: unknown): Refusal {
  // Not an answer of the engine.
  if (!(error instanceof ClickHouseError)) return 'passing';
  const type = error.type ?? '';
  if (FOR_GOOD.has(type)) return 'for-good';
  return PASSING.has(type) ? 'passing' : 'unknown';
}
