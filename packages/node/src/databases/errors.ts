/** What an error of a database says of itself, in few words. */
export interface ErrorCode {
  /** As the database names it: `23505`, `ER_DUP_ENTRY`, `SQLITE_CONSTRAINT_UNIQUE`, `ECONNREFUSED`; else the error's name. */
  readonly code: string;
  /** Of SQLSTATE the first two characters, of SQLite the primary code; else the code. */
  readonly family: string;
}

const CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** By number (https://www.sqlite.org/rescode.html). */
const SQLITE_CODES = [
  'OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL',
  'EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB NOTICE WARNING',
]
  .join(' ')
  .split(' ')
  .map((name) => `SQLITE_${name}`);

const SQLITE_PRIMARY = /^SQLITE_[A-Z]+/;

const alone = (code: string): ErrorCode => ({ code, family: code });

/** Getters of the error may throw; the caller is guarded. */
export function codeOf(error: unknown): ErrorCode {
  if (typeof error !== 'object' || error === null) return alone('thrown');
  const { code, sqlState, errcode, name } = error as Readonly<Record<string, unknown>>;
  if (typeof errcode === 'number') return alone(SQLITE_CODES[errcode & 0xff] ?? 'SQLITE_ERROR');
  if (typeof code === 'string') {
    const primary = SQLITE_PRIMARY.exec(code)?.[0];
    if (primary) return { code: CODE.test(code) ? code : primary, family: primary };
    if (typeof sqlState === 'string' && SQLSTATE.test(sqlState) && CODE.test(code)) {
      return { code, family: sqlState.slice(0, 2) };
    }
    // Codes of the system, such as EPIPE, have five characters as well, and none of them a digit.
    if (SQLSTATE.test(code) && /[0-9]/.test(code)) return { code, family: code.slice(0, 2) };
    if (CODE.test(code)) return alone(code);
  }
  return alone(typeof name === 'string' && CODE.test(name) ? name : 'Error');
}
