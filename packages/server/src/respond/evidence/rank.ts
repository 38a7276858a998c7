import type { DiffHunk } from '../../api/api.ts';
import type { SourceHunk } from './diff.ts';
import { type Frame, isInApp, type ParsedError } from './error.ts';

export interface FailureSigns {
  readonly error: ParsedError | null;
  /** Methods and paths of the failed exchanges, as `GET /links/7`. */
  readonly routes: readonly string[];
}

interface Sign {
  /** How much of the remaining doubt it removes, 0–1. */
  readonly weight: number;
  readonly reason: string;
}

/** What usually stands in code that raises such an error. */
const FAMILIES: readonly { error: RegExp; code: RegExp; name: string }[] = [
  {
    error: /SyntaxError.*JSON|JSON\.parse|JSONDecodeError|not valid JSON/i,
    code: /JSON\.parse|json\.loads?|\.json\(\)/,
    name: 'parses JSON',
  },
  {
    error: /Cannot read propert|undefined is not|null is not|is not a function|NoneType|NullPointer|nil pointer/i,
    code: /\.\w+\(|\?\.|\bnull\b|\bundefined\b|\bNone\b|\bnil\b/,
    name: 'uses a value that may be missing',
  },
  {
    error: /ENOENT|FileNotFound|No such file/i,
    code: /readFile|open\(|createReadStream|require\(|fs\.|join\(|path/i,
    name: 'opens a file',
  },
  {
    error: /ECONNREFUSED|ETIMEDOUT|ENOTFOUND|ConnectionError|dial tcp/i,
    code: /https?:|fetch\(|connect|host|port|url/i,
    name: 'makes a connection',
  },
  {
    error: /ReferenceError|NameError|is not defined/i,
    code: /\bimport\b|\brequire\b|\bconst\b|\blet\b|\bdef\b/,
    name: 'changes names in scope',
  },
  {
    error: /column|relation|syntax error at or near|SQLITE_|ER_|no such table/i,
    code: /select|insert|update|delete|create table|alter/i,
    name: 'holds SQL',
  },
  {
    error: /RangeError|IndexError|out of range|Maximum call stack/i,
    code: /\[[^\]]+\]|length|slice|\blen\(|for\s*\(/,
    name: 'indexes or recurses',
  },
];
const COMMON = new Set(
  'error undefined null true false cannot read reading properties property from with valid unexpected token the not and for this type value return const'.split(
    ' ',
  ),
);
const NOT_PROGRAM =
  /(?:^|\/)(?:tests?|__tests__|docs?|spec)\/|\.(?:test|spec)\.\w+$|\.(?:md|txt|css|svg|html|lock)$|(?:^|\/)(?:package-lock\.json|CHANGELOG)/i;

/** Hunks with the likeliest cause first. The score is 1 − Π(1 − weight) over the signs found; equal scores keep the order. */
export function rankHunks(hunks: readonly SourceHunk[], signs: FailureSigns): DiffHunk[] {
  return hunks
    .map((hunk, order) => ({ hunk, order, ...scoreHunk(hunk, signs) }))
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .map(({ hunk, score, reasons }, index) => ({ ...hunk, rank: index + 1, score, reasons }));
}

function scoreHunk(hunk: SourceHunk, { error, routes }: FailureSigns): { score: number; reasons: string[] } {
  const found = [
    ...(error ? [...frameSigns(hunk, error), ...messageSigns(hunk, error)] : []),
    ...routeSigns(hunk, routes),
  ];
  const damped = NOT_PROGRAM.test(hunk.file) ? 0.3 : 1;
  const score = 1 - found.reduce((doubt, { weight }) => doubt * (1 - weight * damped), 1);
  const reasons = found.sort((a, b) => b.weight - a.weight).map(({ reason }) => reason);
  if (damped < 1 && reasons.length > 0) reasons.push('not program code, counts less');
  return { score: Math.round(score * 100) / 100, reasons };
}

/** The one best sign that a stack frame gives: the top frame of the application counts fully, others less. */
function frameSigns(hunk: SourceHunk, { frames }: ParsedError): Sign[] {
  const own = frames.filter(isInApp);
  const signs = own.flatMap((frame, depth) => {
    const factor = depth === 0 ? 1 : Math.max(0.2, 0.6 - 0.1 * (depth - 1));
    const sign = frameSign(hunk, frame, depth === 0 ? 'the top frame' : `frame ${depth + 1}`);
    return sign ? [{ weight: sign.weight * factor, reason: sign.reason }] : [];
  });
  return signs.sort((a, b) => b.weight - a.weight).slice(0, 1);
}

function frameSign(hunk: SourceHunk, frame: Frame, which: string): Sign | undefined {
  const match = matchFile(frame.file, hunk.file);
  if (match === 'none') return undefined;
  // Below the release directory, where it is known: what stands before it only says where this release happened to lie.
  const where = `${which} is ${match === 'same' ? hunk.file : frame.file}:${frame.line}`;
  const name = frame.function.split('.').at(-1)!.replace(/^#/, '');
  const namesIt = name.length > 2 && hunk.lines.some(({ text }) => words(text).includes(name));
  if (match === 'compiled') {
    return namesIt
      ? { weight: 0.65, reason: `${where}, compiled from this file, in ${name}, which the change shows` }
      : { weight: 0.4, reason: `${where}, compiled from this file` };
  }
  const changed = hunk.lines.filter(({ kind }) => kind !== 'context');
  const near = changed.some(({ newLine }) => newLine !== null && Math.abs(newLine - frame.line) <= 1);
  if (near) return { weight: 0.8, reason: `${where}, on a changed line` };
  if (hunk.lines.some(({ newLine }) => newLine === frame.line))
    return { weight: 0.7, reason: `${where}, within this change` };
  return namesIt
    ? { weight: 0.5, reason: `${where}, in ${name}, which the change shows` }
    : { weight: 0.25, reason: `${where}, in the same file` };
}

/** Frames have absolute paths, or none at all (Java); output and source share the name without its ending. */
export function matchFile(frameFile: string, hunkFile: string): 'same' | 'compiled' | 'none' {
  const frame = frameFile.replaceAll('\\', '/').replace(/\?.*$/, '').replace(/^\.\//, '');
  if (frame === hunkFile || frame.endsWith(`/${hunkFile}`)) return 'same';
  const bare = !frame.includes('/');
  if (bare && hunkFile.endsWith(`/${frame}`)) return 'same';
  const stem = (path: string) =>
    path
      .split('/')
      .at(-1)!
      .replace(/\.\w+$/, '');
  const isOutput = /\.[cm]?js$/.test(frame) && /\.[cm]?tsx?$|\.jsx$|\.[cm]?js$/.test(hunkFile);
  return isOutput && stem(frame) === stem(hunkFile) ? 'compiled' : 'none';
}

function messageSigns(hunk: SourceHunk, { type, message }: ParsedError): Sign[] {
  const changed = hunk.lines.filter(({ kind }) => kind !== 'context').map(({ text }) => text);
  const text = changed.join('\n');
  const signs: Sign[] = [];
  const quoted = [...message.matchAll(/["'`]([^"'`]{3,80})["'`]/g)].map((m) => m[1]!).filter((q) => text.includes(q));
  if (quoted.length > 0)
    signs.push({ weight: 0.35, reason: `the message quotes “${quoted[0]}”, which is in the change` });
  const own = new Set(words(text).map((word) => word.toLowerCase()));
  const named = [...new Set(words(message))].filter(
    (w) => w.length > 3 && !COMMON.has(w.toLowerCase()) && own.has(w.toLowerCase()),
  );
  if (named.length > 0) {
    signs.push({
      weight: named.length > 1 ? 0.3 : 0.2,
      reason: `the message and the change share ${named.slice(0, 3).join(', ')}`,
    });
  }
  for (const family of FAMILIES) {
    if (family.error.test(`${type}: ${message}`) && family.code.test(text)) {
      signs.push({ weight: 0.3, reason: `the change ${family.name}, as a ${type} would have it` });
    }
  }
  return signs;
}

function routeSigns(hunk: SourceHunk, routes: readonly string[]): Sign[] {
  const segments = new Set(
    routes.flatMap((route) => route.split(/[\s/?&=]+/)).filter((s) => /^[a-z][\w-]{3,}$/.test(s)),
  );
  const text = hunk.lines
    .filter(({ kind }) => kind !== 'context')
    .map((line) => line.text)
    .join('\n');
  const found = [...segments].filter((segment) => new RegExp(`\\b${segment}\\b`).test(text));
  return found.length > 0 ? [{ weight: 0.15, reason: `names ${found[0]}, a part of the failing route` }] : [];
}

function words(text: string): string[] {
  return text.match(/[A-Za-z_$][\w$]*/g) ?? [];
}
