/**
 * Route templates of Express 4 and 5, from what its layers are asked: every router hands a request to one layer after the
 * other, each time with the `next` of this passage, by which nested routers are told apart.
 */
import type { Hub } from '../../core/hub.ts';
import { isFunction, isObject, type Method, ownerOf, together, wrapMethod } from '../../core/wrap.ts';
import type { LateRoute } from '../../http/exchange.ts';
import { exchangeOf, setRoute } from '../../http/route.ts';
import { isPath, joined, type Path, templateOf } from './pattern.ts';

interface Route {
  readonly path: Path;
  readonly methods?: Readonly<Record<string, boolean | undefined>>;
}

interface Layer {
  readonly handle?: unknown;
  readonly route?: Route | undefined;
  /** From version 5.3 on, in `router` 2.3. */
  readonly rawPath?: Path;
  /** In version 4. */
  readonly regexp?: RegExp;
}

interface Request {
  readonly method?: string;
  readonly url?: string;
  readonly baseUrl?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Where a request is: the passages through routers that are open, and the template of the layer that was asked last. */
class Way implements LateRoute {
  private readonly passages: unknown[] = [];
  private readonly prefixes: string[] = [];
  private readonly urls: string[] = [];
  below = '';
  belowUrl = '';
  /** Whether the layer that was asked last is one that answers by what it is mounted at. */
  answers = false;

  constructor(private readonly request: Request) {}

  /** The place of a passage; a new one is below the layer that was asked last. */
  at(next: unknown): number {
    const known = this.passages.lastIndexOf(next);
    if (known >= 0) return known;
    this.prefixes.push(this.below);
    this.urls.push(this.belowUrl);
    return this.passages.push(next) - 1;
  }

  prefix = (place: number): string => this.prefixes[place] ?? '';
  url = (place: number): string => this.urls[place] ?? '';

  /**
   * A handler that is mounted, `app.use('/static', …)`, has answered if the request is still at its place: a router takes it
   * back when the handler passes it on. It has failed if there is an error and not what a router says when nobody is left.
   */
  route(status: string): string | undefined {
    const isThere = this.request.baseUrl === this.belowUrl;
    const hasFailed = status >= '400' && status !== '404';
    return this.answers && this.below !== '' && (isThere || hasFailed) ? this.below : undefined;
  }
}

export function watchRoutes(router: object, hub: Hub): () => void {
  const { guard } = hub;
  const paths = new WeakMap<object, Path>();

  const enter = (layer: Layer, request: Request, next: unknown): void => {
    const way = wayOf(request) ?? beginWay(request);
    if (!way) return;
    const place = way.at(next);
    const prefix = way.prefix(place);
    const base = request.baseUrl ?? '';
    const mounted = base.slice(way.url(place).length);
    way.below = mounted === '' ? prefix : joined(prefix, mountTemplate(layer, paths, mounted, request));
    way.belowUrl = base;
    // To OPTIONS a router gives an answer of its own.
    way.answers = request.method !== 'OPTIONS' || !isRouter(layer.handle);
  };

  const serve = (route: Route, request: Request, next: unknown): void => {
    const way = request.baseUrl === '' ? undefined : wayOf(request);
    const place = way?.at(next) ?? 0;
    const prefix = way?.prefix(place) ?? '';
    if (way) {
      way.below = prefix;
      way.belowUrl = way.url(place);
      way.answers = false;
    }
    if (!handles(route, request.method) || isForWhateverElse(route)) return;
    setRoute(request, routeTemplate(prefix, route.path, request.url ?? ''));
  };

  const layers = layerPrototype(router);
  const watching = (original: Method): Method =>
    function handle(this: Layer, request, response, next) {
      const { route } = this;
      if (route) {
        guard.run('express.route', () => serve(route, request as Request, next), undefined);
      } else if ((request as Request).baseUrl !== '' || isRouter(this.handle) || wayOf(request as Request)) {
        // A handler within a route has no such property, unlike what is in a router.
        if (Object.hasOwn(this, 'route'))
          guard.run('express.layer', () => enter(this, request as Request, next), undefined);
      }
      return original.call(this, request, response, next);
    };
  const remembering = (original: Method): Method =>
    function use(this: object, ...args) {
      const before = stackOf(this).length;
      const result = original.apply(this, args);
      const [path] = args;
      if (isPath(path)) for (const layer of stackOf(this).slice(before)) paths.set(layer, path);
      return result;
    };
  const owner = ownerOf(router, 'use');
  return together([
    ...(layers ? ['handle_request', 'handleRequest'].map((name) => wrapMethod(layers, name, watching)) : []),
    ...(owner ? [wrapMethod(owner, 'use', remembering)] : []),
  ]);
}

function wayOf(request: Request): Way | undefined {
  const late = exchangeOf(request)?.late;
  return late instanceof Way ? late : undefined;
}

/** Undefined where nobody counts the request. */
function beginWay(request: Request): Way | undefined {
  const exchange = exchangeOf(request);
  if (!exchange) return undefined;
  const way = new Way(request);
  exchange.late = way;
  return way;
}

/** The class of layers is no export: a layer is made in a router of our own. */
function layerPrototype(router: object): object | undefined {
  const { use } = router as { use?: unknown };
  if (!isFunction(use)) return undefined;
  use.call(router, () => {});
  const [layer] = stackOf(router);
  return layer ? (Object.getPrototypeOf(layer) as object) : undefined;
}

function stackOf(router: object): readonly object[] {
  const { stack } = router as { stack?: unknown };
  return Array.isArray(stack) ? stack : [];
}

/** A router, or an application that is mounted: only from these other passages begin. */
const isRouter = (handle: unknown): boolean =>
  isFunction(handle) && (handle.name === 'mounted_app' || (handle as { stack?: unknown }).stack !== undefined);

/** HEAD is also handed to routes that do nothing with it. */
function handles({ methods }: Route, method = ''): boolean {
  if (!isObject(methods)) return true;
  const name = method.toLowerCase();
  return Boolean(methods._all || methods[name] || (name === 'head' && methods.get));
}

/** `app.all('*', …)` answers what there is no route for, as the routers of NestJS have it for 404. */
const isForWhateverElse = ({ methods, path }: Route): boolean =>
  Boolean(methods?._all) && typeof path === 'string' && /^\/?(\{?\*\w*\}?|\(\.\*\))$/.test(path);

const routeTemplate = (prefix: string, path: Path, url: string): string =>
  joined(prefix, templateOf(path, pathOf(url))) || '/';

const pathOf = (url: string): string => url.replace(/[?#].*$/s, '');

/** Of what was mounted before anybody watched, the parameters are found again by their values. */
function mountTemplate(layer: Layer, paths: WeakMap<object, Path>, mounted: string, { params }: Request): string {
  const path = paths.get(layer) ?? (isPath(layer.rawPath) ? layer.rawPath : undefined);
  if (path !== undefined) return templateOf(path, mounted);
  const values = Object.entries(params ?? {});
  if (isOwnExpression(layer) || values.some(isOpen)) return '/*';
  const names = new Map(values.map(([name, value]) => [encodeURIComponent(String(value)), name]));
  return mounted.replace(/[^/]+/g, (segment) => {
    const name = names.get(segment);
    return name === undefined ? segment : `:${name}`;
  });
}

/** What version 4 makes of a text ends like this; a regular expression of the application's own is taken as it is. */
const isOwnExpression = ({ regexp }: Layer): boolean =>
  regexp !== undefined && !regexp.source.endsWith('(?=\\/|$)') && !('fast_slash' in regexp && regexp.fast_slash);

/** A parameter that is a group of an expression, or a wildcard: its value may be any number of segments. */
const isOpen = ([name, value]: readonly [string, unknown]): boolean => /^\d/.test(name) || typeof value !== 'string';
