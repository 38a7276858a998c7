import { type Document, isAlias, isMap, isSeq, LineCounter, type Node, parseAllDocuments, visit } from 'yaml';

/** Where in a document a value stands: keys of maps and positions in lists. */
export type Path = readonly (string | number)[];

export interface YamlDocument {
  /** Every scalar as the text that it is written as; '' for one that is left out. */
  readonly content: unknown;
  /** Whether more documents follow, which nobody reads. */
  readonly more: boolean;
  /** The line, from 1, of a value or of the nearest one around it. */
  line(path: Path): number;
}

/** YAML that cannot be read: what is wrong, and on which line. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  constructor(readonly mistakes: readonly { readonly line: number; readonly message: string }[]) {
    super(mistakes.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  }
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? node.items.find((item) => String(item.key) === String(key)) : undefined;
    const next: unknown = pair ? pair.value : isSeq(node) ? node.items[Number(key)] : undefined;
    const at = (pair?.key ?? next) as Node | null | undefined;
    if (at?.range) offset = at.range[0];
    if (next === undefined || next === null) break;
    node = next;
  }
  return offset;
}

/** Where the document has values (or keys) that are bytes. */
function binaryOffsets(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Scalar: (_key, { tag, range }) => {
      if (tag === 'tag:yaml.org,2002:binary') offsets.push(range?.[0] ?? 0);
    },
  });
  return offsets;
}

/** The first document of a text, with anchors and merge keys resolved. Throws YamlError. */
export function readYamlDocument(text: string): YamlDocument {
  const lines = new LineCounter();
  // Texts, because `expr: 1e3` and `severity: on` mean what is written.
  const documents = parseAllDocuments(text, { schema: 'failsafe', merge: true, lineCounter: lines, uniqueKeys: true });
  const [document] = Array.isArray(documents) ? documents : [];
  if (!document) return { content: '', more: false, line: () => 1 };
  const mistakes = [
    ...document.errors.map(({ pos, message }) => ({ offset: pos[0], message: message.split('\n')[0] ?? message })),
    ...binaryOffsets(document).map((offset) => ({ offset, message: 'binary values are not texts' })),
  ];
  if (mistakes.length > 0) {
    throw new YamlError(mistakes.map(({ offset, message }) => ({ line: lines.linePos(offset).line, message })));
  }
  try {
    const line = (path: Path) => lines.linePos(offsetOf(document, path)).line;
    return { content: document.toJS() ?? '', more: documents.length > 1, line };
  } catch (error) {
    // An alias without its anchor, or one that multiplies without end, only shows here.
    throw new YamlError([{ line: 1, message: error instanceof Error ? error.message : String(error) }]);
  }
}
