import type { Incident } from '../../api/api.ts';

export type ParsedError = NonNullable<Incident['evidence']['error']>;
export type Frame = ParsedError['frames'][number];

const HEAD = /(?:^|[\s"'(:])((?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*(?:Error|Exception|Fault)|Error)(?: \[\w+\])?: (.*)$/;
const JS_FRAME = /^\s*at (?:async )?(?:(.+?) \()?(?:file:\/\/)?([^()\s][^()]*?):(\d+):(\d+)\)?\s*$/;
const JAVA_FRAME = /^\s*at ([\w$.<>/@]+)\(([\w$.-]+\.\w+):(\d+)\)/;
const PYTHON_FRAME = /^\s*File "([^"]+)", line (\d+)(?:, in (.+))?/;
const PYTHON_END = /^((?:\w+\.)*[A-Z]\w*)(?:: (.*))?$/;
const GO_PANIC = /\b(?:panic|fatal error): (.*)$/;
const GO_FILE = /^\t(\S+\.go):(\d+)/;
const MOST_FRAMES = 50;

/**
 * The error of log lines or a response body: JavaScript, Python, Java and Go, also where the stack stands inside JSON or
 * HTML. Frames stand innermost first. The first one with a frame of the application wins, then the first with any frame,
 * then the first that is only a message; null when there is none.
 */
export function parseError(texts: readonly string[]): ParsedError | null {
  const lines = texts.flatMap(unwrap);
  const errors = [...scriptErrors(lines), ...pythonErrors(lines), ...goPanics(lines)];
  return (
    errors.find(({ frames }) => frames.some(isInApp)) ??
    errors.find(({ frames }) => frames.length > 0) ??
    errors[0] ??
    null
  );
}

/** The error with the files below any of the directories named from there, as the changes of a release name them. */
export function namedFrom(error: ParsedError, dirs: readonly string[]): ParsedError {
  const roots = dirs.map((dir) => `${dir.replace(/\/+$/, '')}/`);
  const nameOf = (file: string) => {
    const root = roots.find((one) => file.startsWith(one));
    return root === undefined ? file : file.slice(root.length);
  };
  return { ...error, frames: error.frames.map((frame) => ({ ...frame, file: nameOf(frame.file) })) };
}

/** Whether a frame is the application's own code, not a library's or the runtime's. */
export function isInApp({ file, function: name }: Frame): boolean {
  if (
    /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor)\/|^node:|^internal\/|\/usr\/(?:local\/)?(?:lib|go)\/|\/pkg\/mod\/|^</.test(
      file,
    )
  ) {
    return false;
  }
  return !/^(?:java|javax|jdk|sun|org\.springframework|runtime)\./.test(name);
}

/** JavaScript and Java: a head line, then `at` lines. */
function scriptErrors(lines: readonly string[]): ParsedError[] {
  const errors: ParsedError[] = [];
  let current: ParsedError | undefined;
  for (const line of lines) {
    const frame = jsFrame(line);
    if (frame) {
      if (current && current.frames.length < MOST_FRAMES) current.frames.push(frame);
      continue;
    }
    const head = HEAD.exec(line);
    if (head) {
      current = { type: head[1]!, message: head[2]!.trim(), frames: [] };
      errors.push(current);
    } else if (!/^\s/.test(line)) current = undefined;
  }
  return errors;
}

function jsFrame(line: string): Frame | undefined {
  const java = JAVA_FRAME.exec(line);
  if (java) return { function: java[1]!, file: java[2]!, line: Number(java[3]), column: null };
  const js = JS_FRAME.exec(line);
  return js ? { function: js[1] ?? '', file: js[2]!, line: Number(js[3]), column: Number(js[4]) } : undefined;
}

function pythonErrors(lines: readonly string[]): ParsedError[] {
  const errors: ParsedError[] = [];
  let frames: Frame[] | undefined;
  for (const line of lines) {
    if (line.includes('Traceback (most recent call last):')) {
      frames = [];
      continue;
    }
    if (!frames) continue;
    const frame = PYTHON_FRAME.exec(line);
    if (frame) frames.unshift({ function: frame[3] ?? '', file: frame[1]!, line: Number(frame[2]), column: null });
    const end = PYTHON_END.exec(line);
    if (end) {
      errors.push({ type: end[1]!, message: end[2] ?? '', frames: frames.slice(0, MOST_FRAMES) });
      frames = undefined;
    }
  }
  return errors;
}

function goPanics(lines: readonly string[]): ParsedError[] {
  const errors: ParsedError[] = [];
  let current: ParsedError | undefined;
  lines.forEach((line, i) => {
    const panic = GO_PANIC.exec(line);
    if (panic) {
      current = { type: 'panic', message: panic[1]!.trim(), frames: [] };
      errors.push(current);
    }
    const file = GO_FILE.exec(line);
    if (!file || !current || current.frames.length >= MOST_FRAMES) return;
    const name = (lines[i - 1] ?? '').replace(/\([^()]*\)$/, '').trim();
    current.frames.push({ function: name, file: file[1]!, line: Number(file[2]), column: null });
  });
  return errors;
}

/** The lines of a text; of JSON the stack or message inside; of HTML its text. */
function unwrap(text: string): string[] {
  if (text.length > 1 << 20) return [];
  const json = stackInJson(text);
  if (json !== undefined) return json.split('\n');
  const plain = /<(?:pre|html|body|br)\b/i.test(text) ? htmlText(text) : text;
  const real = plain.includes('\n') ? plain : plain.replace(/\\n/g, '\n').replace(/\\t/g, '\t').replace(/\\"/g, '"');
  return real.split(/\r?\n/);
}

function stackInJson(text: string): string | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return undefined;
  try {
    const found: string[] = [];
    collectStrings(JSON.parse(trimmed), '', found, 0);
    return found.length > 0 ? found.join('\n') : undefined;
  } catch {
    return undefined;
  }
}

/** A stack says all; a type and message beside it come as one line. Depth and number are bounded, since anybody can log anything. */
function collectStrings(value: unknown, key: string, found: string[], depth: number): void {
  if (depth > 5 || found.length > 20) return;
  if (typeof value === 'string') {
    if (/stack|trace|^(?:msg|message|error|err|detail)$/i.test(key)) found.push(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const { type, name, message, stack } = value as Record<string, unknown>;
  const kind = type ?? name;
  if (typeof kind === 'string' && typeof message === 'string' && typeof stack !== 'string')
    found.push(`${kind}: ${message}`);
  for (const [name, inner] of Object.entries(value)) collectStrings(inner, name, found, depth + 1);
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: ' ', '#39': "'", '#34': '"' };

function htmlText(html: string): string {
  return html
    .replace(/<br\s*\/?>|<\/(?:p|div|pre|h\d|li)>/gi, '\n')
    .replace(/<[^<>]*>/g, '')
    .replace(/&(#?\w{1,6});/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
