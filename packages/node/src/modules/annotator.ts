export interface Annotator {
  resolved(specifier: string, url: string): void;
  isWatched(url: string): boolean;
  annotated<T extends { readonly format?: string | null; readonly source?: unknown }>(url: string, result: T): T;
}

/**
 * Finds the ES modules that are watched by the name by which they are imported, and adds the line that hands them over.
 * Its text is also run in the thread of the loader: it uses nothing from outside of itself.
 */
export function createAnnotator(names: readonly string[], key: string): Annotator {
  const folder = '/node_modules/';
  const known = new Set(names);
  const watched = new Map<string, string>();
  return {
    resolved(specifier, url) {
      if (known.has(specifier)) watched.set(url, specifier);
      const at = url.lastIndexOf(folder);
      const inside = at < 0 ? '' : url.slice(at + folder.length).replace(/\.[cm]?js$/, '');
      if (known.has(inside)) watched.set(url, inside);
    },
    isWatched: (url) => watched.has(url),
    annotated(url, result) {
      if (result.format !== 'module' || result.source === null || result.source === undefined) return result;
      const text =
        typeof result.source === 'string' ? result.source : new TextDecoder().decode(result.source as Buffer);
      const line = `import * as __nightshift_self from ${JSON.stringify(url)};globalThis[Symbol.for(${JSON.stringify(key)})]?.(${JSON.stringify(watched.get(url))},__nightshift_self);`;
      if (text.includes(line)) return result;
      return { ...result, source: `${text}\n${line}\n` };
    },
  };
}
