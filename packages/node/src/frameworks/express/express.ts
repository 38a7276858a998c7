import type { ModuleInstrumentation } from '../../core/hub.ts';
import { exported, isFunction, isObject, together, wholeOf } from '../../core/wrap.ts';
import { watchRender } from './render.ts';
import { watchRoutes } from './routes.ts';

export const express: ModuleInstrumentation = {
  module: 'express',
  patch(exports, hub) {
    const Router = exported(exports, 'Router');
    const application = exported(exports, 'application');
    const router = isFunction(Router) ? (Router as () => unknown)() : undefined;
    return together([
      ...(isObject(router) ? [watchRoutes(router, hub)] : []),
      ...(isObject(application) ? [watchRender(application, hub)] : []),
    ]);
  },
};

/** The router of Express 5, which is also used by itself. */
export const router: ModuleInstrumentation = {
  module: 'router',
  patch(exports, hub) {
    const Router = wholeOf(exports);
    const made = isFunction(Router) ? (Router as () => unknown)() : undefined;
    return isObject(made) ? watchRoutes(made, hub) : () => {};
  },
};
