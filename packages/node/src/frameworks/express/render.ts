import type { Hub } from '../../core/hub.ts';
import { isFunction, type Method, wrapMethod } from '../../core/wrap.ts';
import { createRenderWatch } from '../render.ts';

/** `app.render` and `res.render`, which calls it. The view's text goes where it went. */
export function watchRender(application: object, hub: Hub): () => void {
  const begin = createRenderWatch(hub);
  return wrapMethod(
    application,
    'render',
    (original): Method =>
      function render(this: object, ...args) {
        const at = isFunction(args[1]) ? 1 : 2;
        const done = args[at];
        const end = isFunction(done) ? begin(String(args[0])) : undefined;
        if (!end || !isFunction(done)) return original.apply(this, args);
        const passed = [...args];
        passed[at] = function rendered(this: object, ...results: unknown[]) {
          end(results[0]);
          return done.apply(this, results);
        };
        return original.apply(this, passed);
      },
  );
}
