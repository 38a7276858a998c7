/** What a route or a mounted router was given as its path: a text, a regular expression, or several of them. */
export type Path = string | RegExp | readonly Path[];

export const isPath = (value: unknown): value is Path =>
  typeof value === 'string' || value instanceof RegExp || (Array.isArray(value) && value.every(isPath));

/** The template of a path; `url` is what it matched, by which one of several is found. */
export function templateOf(path: Path, url: string): string {
  if (typeof path === 'string') return path;
  const paths = flat(path);
  return String(paths.find((one) => mayMatch(one, url)) ?? paths.join('|'));
}

const flat = (path: Path): readonly (string | RegExp)[] =>
  typeof path === 'string' || path instanceof RegExp ? [path] : path.flatMap(flat);

/** Segment by segment; a segment with a parameter or the like matches any. */
function mayMatch(path: string | RegExp, url: string): boolean {
  if (path instanceof RegExp) return path.test(url);
  const wanted = segmentsOf(path);
  const given = segmentsOf(url);
  const open = wanted.findIndex((segment) => /[*{(]/.test(segment));
  const compared = open < 0 ? wanted.length : open;
  if (open < 0 && given.length !== wanted.length) return false;
  return wanted.slice(0, compared).every((segment, at) => segment.includes(':') || same(segment, given[at]));
}

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

const same = (one: string, other: string | undefined): boolean => one.toLowerCase() === other?.toLowerCase();

/** A template below another one, as routers join them. */
export function joined(prefix: string, template: string): string {
  if (template === '' || template === '/') return prefix;
  const left = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return template.startsWith('/') ? left + template : `${left}/${template}`;
}
