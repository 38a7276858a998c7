/** The operation of a statement and the table that it is about. */
import { type Dialect, Tokenizer } from './tokenizer.ts';

/** From a bounded set of operations; `''` where there is no one table. The table is as written, without quotes. */
export interface Classified {
  readonly operation: string;
  readonly collection: string;
}

export const OTHER: Classified = { operation: 'other', collection: '' };

const MOST_NAME = 128;
/** Statements within statements; what is deeper is not looked into. */
const MOST_NESTED = 32;
const LONGEST_KEYWORD = 20;

type Words = ReadonlySet<string>;
/** None is empty: `Reader.word` is, for what is no word and at the end. */
const words = (text: string): Words => new Set(text.split(' ').filter((word) => word !== ''));

const QUERIES = words('SELECT INSERT UPDATE DELETE MERGE REPLACE WITH VALUES TABLE');
/** Set the stage: of several statements in one text the first one that is not of these counts. */
const STAGE = words(
  'BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE SET USE PRAGMA RESET DISCARD DECLARE LOCK UNLOCK',
);

const ONLY = words('ONLY LATERAL');
const RECURSIVE = words('RECURSIVE');
const AS = words('AS NOT MATERIALIZED');
const FROM = words('FROM');
const ON = words('ON');
const INTO = words('INTO');
const TABLE = words('TABLE');
const DELETE_OPTIONS = words('LOW_PRIORITY QUICK IGNORE');
const EXPLAIN_OPTIONS = words(
  'ANALYZE ANALYSE VERBOSE EXTENDED PARTITIONS QUERY PLAN FOR FORMAT JSON TREE TRADITIONAL',
);
const OBJECTS = words(
  'TABLE INDEX VIEW SEQUENCE SCHEMA DATABASE FUNCTION PROCEDURE TRIGGER TYPE EXTENSION ROLE USER POLICY DOMAIN RULE AGGREGATE EVENT SERVER PUBLICATION SUBSCRIPTION',
);
const OBJECTS_WITH_NAME = words('TABLE VIEW SEQUENCE');
const OBJECTS_ON_A_TABLE = words('INDEX TRIGGER POLICY');
const MODIFIERS = words(
  'OR REPLACE TEMP TEMPORARY UNLOGGED UNIQUE VIRTUAL GLOBAL LOCAL FULLTEXT SPATIAL CLUSTERED NONCLUSTERED ONLINE OFFLINE IGNORE RECURSIVE CONSTRAINT MATERIALIZED FOREIGN',
);
const BEFORE_NAME = words('IF NOT EXISTS CONCURRENTLY ONLY');

type Rule = (reader: Reader, verb: string) => Classified;

class Reader {
  readonly tokens: Tokenizer;
  /** The table behind the name of a common table expression. */
  readonly expressions = new Map<string, string>();
  nested = 0;

  constructor(text: string, dialect: Dialect, most: number) {
    this.tokens = new Tokenizer(text, dialect, most);
    this.next();
  }

  get ended(): boolean {
    return this.tokens.kind === 'end';
  }

  get depth(): number {
    return this.tokens.depth;
  }

  /** Parentheses that are open around the token that stands here. */
  get level(): number {
    return this.is('(') ? this.depth - 1 : this.depth;
  }

  /** The word that stands here in capitals; '' for anything else. */
  get word(): string {
    const { kind, end, start } = this.tokens;
    return kind === 'word' && end - start <= LONGEST_KEYWORD ? this.tokens.value.toUpperCase() : '';
  }

  next(): void {
    this.tokens.next();
  }

  is(symbol: string): boolean {
    return this.tokens.is(symbol);
  }

  skip(some: Words): void {
    while (some.has(this.word)) this.next();
  }

  /** At an opening parenthesis: goes behind the one that closes it. */
  skipParentheses(): void {
    if (!this.is('(')) return;
    const outside = this.depth - 1;
    while (!this.ended && this.depth > outside) this.next();
    this.next();
  }

  /** Goes behind the next of these words at the present depth of parentheses; false if the statement ends before. */
  seek(some: Words, depth: number): boolean {
    while (!this.ended && this.depth >= depth && !(this.is(';') && this.depth === 0)) {
      if (this.depth === depth && some.has(this.word)) {
        this.next();
        return true;
      }
      this.next();
    }
    return false;
  }

  /** A name with its parts; '' for what is none. */
  name(): string {
    let name = '';
    for (;;) {
      const part = this.part();
      if (part === '') return name;
      name = name === '' || name.endsWith('.') ? name + part : name;
      this.next();
      if (!this.is('.') || name.length > MOST_NAME) return flat(name.slice(0, MOST_NAME));
      while (this.is('.')) this.next();
      name += '.';
    }
  }

  private part(): string {
    const { kind, value } = this.tokens;
    if (kind === 'word') return value;
    if (kind === 'quoted' || (kind === 'literal' && value.startsWith('"'))) return unquote(value);
    return '';
  }
}

/** V8 keeps the whole text for a part of it: a name that lives on is copied. */
const flat = (name: string): string => Buffer.from(name).toString();

function unquote(text: string): string {
  const quote = text[0] === '[' ? ']' : text[0]!;
  const inner = text.slice(1, text.endsWith(quote) && text.length > 1 ? -1 : undefined);
  return inner.includes(quote) ? inner.replaceAll(quote + quote, quote) : inner;
}

/** Behind FROM and the like: the table that is named first, also within parentheses and subqueries. */
function source(reader: Reader): string {
  reader.skip(ONLY);
  if (reader.is('(')) {
    reader.next();
    return QUERIES.has(reader.word) ? statement(reader).collection : nestedSource(reader);
  }
  if (QUERIES.has(reader.word)) return '';
  const name = reader.name();
  // generate_series(…) is no table.
  if (reader.is('(')) return '';
  return reader.expressions.get(name.toLowerCase()) ?? name;
}

function nestedSource(reader: Reader): string {
  if (reader.nested >= MOST_NESTED) return '';
  reader.nested++;
  const found = source(reader);
  reader.nested--;
  return found;
}

/** Behind SELECT: the first table of its FROM, else of that of a subquery, as in SELECT EXISTS (…). */
function selected(reader: Reader): string {
  const outside = reader.level;
  let inSubquery = '';
  let subqueryDepth = -1;
  let before = '';
  while (!reader.ended && reader.depth >= outside && !(reader.is(';') && reader.depth === 0)) {
    const { word } = reader;
    reader.next();
    if (word === 'SELECT') subqueryDepth = reader.level;
    if (word === 'FROM' && before !== 'DISTINCT') {
      if (reader.level === outside) return source(reader);
      if (reader.level === subqueryDepth && inSubquery === '') inSubquery = source(reader);
    }
    before = word;
  }
  return inSubquery;
}

/** Behind WITH: takes the expressions, then what they are for. */
function withExpressions(reader: Reader): Classified {
  reader.skip(RECURSIVE);
  const depth = reader.depth;
  while (!reader.ended) {
    const name = reader.name().toLowerCase();
    if (name === '') return OTHER;
    reader.skipParentheses();
    reader.skip(AS);
    if (!reader.is('(')) return OTHER;
    reader.next();
    // Of itself a recursive one knows nothing.
    reader.expressions.set(name, '');
    reader.expressions.set(name, statement(reader).collection);
    while (!reader.ended && reader.depth > depth) reader.next();
    reader.next();
    if (!reader.is(',')) break;
    reader.next();
  }
  // SEARCH and CYCLE clauses may be between.
  while (!reader.ended && !QUERIES.has(reader.word) && !reader.is('(')) reader.next();
  return statement(reader);
}

const plain: Rule = (_reader, operation) => ({ operation, collection: '' });

/** `VERB some words table`. */
function table(some: string): Rule {
  const before = words(some);
  return (reader, operation) => {
    reader.skip(before);
    return { operation, collection: reader.name() };
  };
}

/** The same with options in parentheses before the table. */
function maintenance(some: string): Rule {
  const before = words(some);
  return (reader, operation) => {
    reader.skip(before);
    reader.skipParentheses();
    reader.skip(before);
    return { operation, collection: reader.name() };
  };
}

const remove: Rule = (reader, operation) => {
  reader.skip(DELETE_OPTIONS);
  const depth = reader.level;
  // MySQL and SQL Server: DELETE alias FROM table alias.
  const named = reader.word === 'FROM' ? '' : reader.name();
  const collection = reader.seek(FROM, depth) ? source(reader) : '';
  return { operation, collection: collection || named };
};

const copy: Rule = (reader, operation) => {
  if (!reader.is('(')) return { operation, collection: reader.name() };
  reader.next();
  return { operation, collection: statement(reader).collection };
};

const explain: Rule = (reader, operation) => {
  while (EXPLAIN_OPTIONS.has(reader.word) || reader.is('=')) reader.next();
  if (reader.is('(')) {
    reader.next();
    if (QUERIES.has(reader.word)) return { operation, collection: statement(reader).collection };
    const inside = reader.depth;
    while (!reader.ended && reader.depth >= inside) reader.next();
    reader.next();
  }
  const collection = QUERIES.has(reader.word) ? statement(reader).collection : reader.name();
  return { operation, collection };
};

/** CREATE, ALTER, DROP: `CREATE TABLE users`, and of an index or trigger the table that it is on. */
const definition: Rule = (reader, verb) => {
  reader.skip(MODIFIERS);
  const object = reader.word;
  if (!OBJECTS.has(object)) return { operation: verb, collection: '' };
  const operation = `${verb} ${object}`;
  reader.next();
  reader.skip(BEFORE_NAME);
  if (OBJECTS_WITH_NAME.has(object)) return { operation, collection: reader.name() };
  if (!OBJECTS_ON_A_TABLE.has(object)) return { operation, collection: '' };
  if (!reader.seek(ON, reader.level)) return { operation, collection: '' };
  reader.skip(ONLY);
  return { operation, collection: reader.name() };
};

/** What is within a cursor or a prepared statement. */
function within(some: string): Rule {
  const before = words(some);
  return (reader, operation) => {
    if (!reader.seek(before, reader.level)) return { operation, collection: '' };
    return { operation, collection: QUERIES.has(reader.word) ? statement(reader).collection : '' };
  };
}

const begin: Rule = (reader, verb) => ({
  operation: reader.word === 'TRANSACTION' ? `${verb} TRANSACTION` : verb,
  collection: '',
});

const load: Rule = (reader, operation) => {
  const found = reader.seek(INTO, reader.level);
  reader.skip(TABLE);
  return { operation, collection: found ? reader.name() : '' };
};

const insert = table('LOW_PRIORITY DELAYED HIGH_PRIORITY IGNORE OR REPLACE ROLLBACK ABORT FAIL INTO OVERWRITE TABLE');

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['SELECT', (reader, operation) => ({ operation, collection: selected(reader) })],
  ['WITH', withExpressions],
  ['INSERT', insert],
  ['REPLACE', insert],
  ['UPDATE', table('LOW_PRIORITY IGNORE OR REPLACE ROLLBACK ABORT FAIL ONLY')],
  ['DELETE', remove],
  ['MERGE', table('INTO')],
  ['TRUNCATE', table('TABLE ONLY')],
  ['TABLE', table('ONLY')],
  ['COPY', copy],
  ['LOAD', load],
  ['CALL', table('')],
  ['EXEC', table('')],
  ['EXECUTE', table('')],
  ['EXPLAIN', explain],
  ['DESCRIBE', explain],
  ['DESC', explain],
  ['CREATE', definition],
  ['ALTER', definition],
  ['DROP', definition],
  ['START', begin],
  ['DECLARE', within('FOR')],
  ['PREPARE', within('AS')],
  ['LOCK', table('TABLE TABLES ONLY')],
  ['ANALYZE', maintenance('TABLE LOCAL VERBOSE NO_WRITE_TO_BINLOG')],
  ['VACUUM', maintenance('FULL FREEZE VERBOSE ANALYZE')],
  ['REINDEX', maintenance('TABLE INDEX SCHEMA DATABASE SYSTEM CONCURRENTLY')],
  ['CLUSTER', maintenance('VERBOSE')],
  ['OPTIMIZE', table('TABLE LOCAL NO_WRITE_TO_BINLOG')],
  ['REPAIR', table('TABLE LOCAL NO_WRITE_TO_BINLOG')],
  ['CHECK', table('TABLE')],
  ['CHECKSUM', table('TABLE')],
  ['RENAME', table('TABLE')],
  ['REFRESH', table('MATERIALIZED VIEW CONCURRENTLY')],
  ...[
    ...words(
      'BEGIN COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE SET RESET USE PRAGMA SHOW DISCARD UNLOCK VALUES FETCH MOVE CLOSE',
    ),
    ...words(
      'DEALLOCATE LISTEN UNLISTEN NOTIFY GRANT REVOKE COMMENT CHECKPOINT ATTACH DETACH DO HANDLER KILL FLUSH XA',
    ),
    ...words('SIGNAL INSTALL UNINSTALL PURGE CHANGE STOP IMPORT REASSIGN SECURITY HELP'),
  ].map((verb): [string, Rule] => [verb, plain]),
]);

/** The statement that begins here, of which no more is read than is needed. */
function statement(reader: Reader): Classified {
  while (reader.is('(')) reader.next();
  const verb = reader.word;
  const rule = RULES.get(verb);
  if (!rule || reader.nested >= MOST_NESTED) return OTHER;
  reader.next();
  reader.nested++;
  const found = rule(reader, verb);
  reader.nested--;
  return found;
}

/**
 * Of several statements the first that is more than BEGIN, SET or the like. Linear in the first `most` characters, and as
 * a rule it reads no further than the name of the table.
 */
export function classify(text: string, dialect: Dialect, most: number): Classified {
  const reader = new Reader(text, dialect, most);
  let first: Classified | undefined;
  while (!reader.ended) {
    while (reader.is(';')) reader.next();
    if (reader.ended) break;
    const verb = reader.word;
    const found = statement(reader);
    if (!STAGE.has(verb)) return first && found === OTHER ? first : found;
    first ??= found;
    while (!reader.ended && !(reader.is(';') && reader.depth === 0)) reader.next();
  }
  return first ?? OTHER;
}
