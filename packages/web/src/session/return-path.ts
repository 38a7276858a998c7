/**
 * Where to go after the login: a path of this server and nothing else. Anything a browser could read as another origin
 * (`//host`, `/\host`, control characters, a scheme) and the login page itself become `/`.
 */
export function returnPath(next: unknown, origin: string): string {
  if (typeof next !== 'string' || !/^\/(?![/\\])/.test(next) || hasControl(next)) return '/';
  try {
    const url = new URL(next, origin);
    if (url.origin !== origin || url.pathname.startsWith('//') || url.pathname === '/login') return '/';
    return url.pathname + url.search + url.hash;
  } catch {
    return '/';
  }
}

const hasControl = (text: string): boolean => [...text].some((char) => char.charCodeAt(0) < 0x20);
