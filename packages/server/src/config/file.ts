import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import type { Offence } from './config-error.ts';
import { schemaAt } from './keys.ts';

export interface ConfigFile {
  readonly name: string;
  readonly value: unknown;
  readonly offences: readonly Offence[];
  /** file:line:column of the key (or list entry) at the path, or of the nearest one above it. */
  where(path: readonly PropertyKey[]): string;
  /** True where the file itself says something at the path. */
  has(path: readonly PropertyKey[]): boolean;
}

type Contents = ReturnType<typeof parseDocument>['contents'];

function keyNode(contents: Contents, path: readonly PropertyKey[]): Node | undefined {
  let node: unknown = contents;
  let found: Node | undefined = contents ?? undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step)) as
        | Pair<Node, Node | null>
        | undefined;
      if (!pair) break;
      found = pair.key;
      node = pair.value;
    } else {
      const item = (node as { items?: Node[] } | null)?.items?.[Number(step)];
      if (!item) break;
      found = item;
      node = item;
    }
  }
  return found;
}

/** A section whose keys are all commented out reads as null; it says nothing, so it is as good as absent. */
function withoutEmptySections(value: unknown): unknown {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key, child]) => child !== null || !schemaAt([key])?.properties),
  );
}

const short = (message: string): string => (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');

/** Reads a YAML text; what is wrong with the YAML itself (duplicate keys too) is among the offences. */
export function readConfigText(name: string, text: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const offences = [...document.errors, ...document.warnings].map((error) => ({
    where: at(error.pos[0]),
    message:
      error.code === 'DUPLICATE_KEY'
        ? `the key ${JSON.stringify(text.slice(error.pos[0]).match(/^[^\s:]+/)?.[0] ?? '')} stands here a second time; keep one of them`
        : short(error.message),
  }));
  let value: unknown = {};
  try {
    value = withoutEmptySections(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    offences.push({ where: at(0), message: short(String(error instanceof Error ? error.message : error)) });
  }
  return {
    name,
    value,
    offences,
    where: (path) => at(keyNode(document.contents, path)?.range?.[0] ?? 0),
    has: (path) => path.length > 0 && document.hasIn(path),
  };
}

/** Reads a file; one that cannot be read is an offence too. `name` is how people see it. */
export function readConfigFile(path: string, name: string): ConfigFile {
  try {
    return readConfigText(name, readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    return { ...readConfigText(name, ''), offences: [{ where: name, message: reason }], where: () => name };
  }
}
