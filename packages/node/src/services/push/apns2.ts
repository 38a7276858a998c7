import type { ModuleInstrumentation } from '../../core/hub.ts';
import { following } from '../../core/settled.ts';
import { prototypeOf, wrapMethod } from '../../core/wrap.ts';
import { errorResult, pushWatchOf } from './push-watch.ts';

interface Notification {
  readonly deviceToken?: unknown;
}

/** To whatever host: the package knows the reason, which is in the body. */
export const apns2: ModuleInstrumentation = {
  module: 'apns2',
  patch(exports, hub) {
    const { guard, tracer } = hub;
    const watch = pushWatchOf(hub);
    const prototype = prototypeOf(exports, 'ApnsClient');
    if (!prototype) return () => {};
    const pathOf = ({ deviceToken }: Notification) => `/3/device/${encodeURIComponent(String(deviceToken))}`;
    return wrapMethod(
      prototype,
      'send',
      (original) =>
        function send(...args) {
          const start = () => watch.claim('apns', pathOf(args[0] as Notification), true);
          const push = guard.run('apns2.start', start, undefined);
          if (!push) return original.apply(this, args);
          const sending = () => original.apply(this, args);
          const result = push.span ? tracer.run(push.span, sending) : sending();
          if (!(result instanceof Promise)) return result;
          return following(result, {
            resolved: () => guard.run('apns2.sent', () => watch.end(push, 'ok'), undefined),
            rejected: (error) => guard.run('apns2.failed', () => watch.end(push, errorResult(error), error), undefined),
          });
        },
    );
  },
};
