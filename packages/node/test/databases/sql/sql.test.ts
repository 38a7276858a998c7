import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_NORMALISED, normalise } from '../../../src/databases/sql/normalise.ts';
import { MOST_READ, StatementCache } from '../../../src/databases/sql/statement.ts';
import type { Dialect } from '../../../src/databases/sql/tokenizer.ts';
import { statements } from './statements.ts';

const dialects: readonly Dialect[] = ['postgresql', 'mysql', 'sqlite', 'sql'];
const read = (dialect: Dialect, text: string) => new StatementCache(dialect).of(text);
const anyDialect = fc.constantFrom(...dialects);

/** Pieces that mean something to a parser, in any order. */
const pieces = [
  ...'SELECT FROM WHERE WITH RECURSIVE AS INSERT INTO VALUES UPDATE SET DELETE MERGE IN ARRAY EXPLAIN BEGIN DISTINCT'.split(
    ' ',
  ),
  ...'ONLY LATERAL UNION COPY CREATE TABLE INDEX ON NULL DEFAULT users "users" `users` [users] t1.t2 x y'.split(' '),
  ..."' '' \" ` [ ] ( ) , ; . : :: :a @a @@a $ $1 $$ $a$ ? ?1 - -- + * /* */ /*! /*M! # \\ = 1 1.5 .5 1e- 0x e' E' N'".split(
    ' ',
  ),
  '\n',
  ' ',
  '\u0000',
  '\ud800',
  'é',
];
const verbs =
  'SELECT WITH INSERT REPLACE UPDATE DELETE MERGE TRUNCATE TABLE COPY LOAD CALL EXEC EXECUTE EXPLAIN DESCRIBE DESC CREATE ALTER DROP START DECLARE PREPARE LOCK ANALYZE VACUUM REINDEX CLUSTER OPTIMIZE REPAIR CHECK CHECKSUM RENAME REFRESH GRANT REVOKE COMMENT DO HANDLER SHOW SET USE PRAGMA LISTEN NOTIFY IMPORT'.split(
    ' ',
  );
const soup = fc.array(fc.constantFrom(...pieces, ...verbs), { maxLength: 60 }).map((parts) => parts.join(' '));
const tightSoup = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(''));

describe('a statement', () => {
  for (const [dialect, text, name, normalised] of statements) {
    it(`${dialect}: ${text}`, () => {
      const statement = read(dialect, text);
      expect(statement.name).toBe(name);
      if (normalised !== undefined) expect(statement.text).toBe(normalised);
    });
  }

  it('is one of at least 120 above', () => {
    expect(statements.length).toBeGreaterThan(120);
  });

  it('is read whatever the text is', () => {
    fc.assert(
      fc.property(anyDialect, fc.oneof(soup, tightSoup, fc.string({ unit: 'binary' })), (dialect, text) => {
        const { operation, collection, text: normalised } = read(dialect, text);
        expect(operation).toMatch(/^(other|[A-Z]+( [A-Z]+)?)$/);
        expect(collection.length).toBeLessThanOrEqual(128);
        expect(normalised.length).toBeLessThanOrEqual(MOST_NORMALISED + 1);
      }),
      { numRuns: 5000 },
    );
  });

  it.each(verbs)('is read where it ends behind %s or one piece more', (verb) => {
    for (const dialect of dialects)
      for (const piece of ['', ...pieces])
        expect(read(dialect, `${verb} ${piece}`).operation).toMatch(/^(other|[A-Z ]+)$/);
  });

  it('shows nothing of its literals', () => {
    const secret = 'hunter2';
    const tail = fc.constantFrom("'", "''", '\\', '"', '`', '--', '/*', '$$', ';', ')', ' ', 'x', '');
    const inside = fc.tuple(fc.array(tail, { maxLength: 6 }), fc.array(tail, { maxLength: 6 }));
    fc.assert(
      fc.property(fc.constantFrom<Dialect>('postgresql', 'mysql', 'sqlite'), inside, (dialect, [before, after]) => {
        const value = `${before.join('')}${secret}${after.join('')}`;
        const escaped = (dialect === 'mysql' ? value.replaceAll('\\', '\\\\') : value).replaceAll("'", "''");
        const text = `SELECT a FROM t WHERE b = '${escaped}' AND c IN ('${escaped}', 5) AND d = 42`;
        const statement = read(dialect, text);
        expect(statement.name).toBe('SELECT t');
        expect(statement.text).toBe('SELECT a FROM t WHERE b = ? AND c IN (?) AND d = ?');
      }),
      { numRuns: 2000 },
    );
  });

  it('has one text however many values it has', () => {
    const values = fc.array(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(values, (list) => {
        expect(read('postgresql', `SELECT * FROM t WHERE id IN (${list.join(', ')})`).text).toBe(
          'SELECT * FROM t WHERE id IN (?)',
        );
        const rows = list.map((value) => `(${value}, 'x')`).join(', ');
        expect(read('mysql', `INSERT INTO t VALUES ${rows}`).text).toBe('INSERT INTO t VALUES (?, ?)');
      }),
    );
  });

  it('is cut where it is long, within a literal too', () => {
    const long = `SELECT * FROM t WHERE a = '${'x'.repeat(1e6)}' AND b = 'hunter2'`;
    const statement = read('postgresql', long);
    expect(statement.name).toBe('SELECT t');
    expect(statement.text).toBe('SELECT * FROM t WHERE a = ?…');
    const wide = `SELECT ${Array.from({ length: 5000 }, (_, i) => `column_${i}`).join(', ')} FROM t`;
    expect(read('postgresql', wide).text).toHaveLength(MOST_NORMALISED + 1);
    expect(read('postgresql', `INSERT INTO t VALUES ${'(1, 2), '.repeat(1e5)}(1, 2)`).text).toBe(
      'INSERT INTO t VALUES (?, ?)…',
    );
  });

  it.each([
    ['parentheses', '('.repeat(1e6)],
    ['selects', 'SELECT * FROM ('.repeat(1e5)],
    ['expressions', `WITH ${'a AS (WITH '.repeat(1e5)}`],
    ['quotes', "'".repeat(1e6)],
    ['comments', '/*'.repeat(1e6)],
    ['dollars', Array.from({ length: 2e5 }, (_, i) => `$a${i}$`).join('')],
    ['brackets', '[a'.repeat(1e6)],
    ['lines', '--'.repeat(1e6)],
    ['values', `VALUES ${'(('.repeat(1e6)}`],
    ['semicolons', 'BEGIN;'.repeat(1e6)],
    ['digits', `${'1'.repeat(16_000)}x`],
    ['dots', `SELECT * FROM ${'a.'.repeat(1e6)}`],
  ])('takes bounded time for endless %s', (_name, text) => {
    const began = performance.now();
    for (const dialect of dialects) {
      const statement = read(dialect, text);
      expect(statement.text.length).toBeLessThanOrEqual(MOST_NORMALISED + 1);
    }
    // A hundred times what it takes; what is quadratic in a megabyte takes hours.
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('takes time in proportion to its length', () => {
    const time = (length: number) => {
      const text = "SELECT a, 'b', 5 FROM t WHERE c IN (1, 2, 3) /* d */ AND ".repeat(length / 64);
      const began = performance.now();
      for (let i = 0; i < 20; i++) normalise(text, 'postgresql', 1 << 30);
      return performance.now() - began;
    };
    time(MOST_READ);
    expect(time(MOST_READ * 16)).toBeLessThan(16 * 8 * Math.max(1, time(MOST_READ)));
  });
});

describe('the cache of statements', () => {
  it('gives the same for the same text, and stays within its bytes', () => {
    const cache = new StatementCache('postgresql', 100_000);
    const often = 'SELECT * FROM often';
    const first = cache.of(often);
    for (let i = 0; i < 10_000; i++) {
      cache.of(`SELECT * FROM t WHERE id = ${i}`);
      if (i % 50 === 0) expect(cache.of(often)).toBe(first);
    }
    const { young, old } = cache as unknown as { young: Map<string, unknown>; old: Map<string, unknown> };
    const bytes = [...young.keys(), ...old.keys()].reduce((sum, text) => sum + 4 * text.length + 400, 0);
    expect(bytes).toBeLessThanOrEqual(100_000);
    expect(young.size + old.size).toBeGreaterThan(100);
  });

  it('does not keep texts that are huge', () => {
    const cache = new StatementCache('postgresql');
    const huge = `SELECT '${'x'.repeat(20_000)}'`;
    expect(cache.of(huge)).not.toBe(cache.of(huge));
  });
});
