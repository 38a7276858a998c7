import type { Hub, ModuleInstrumentation } from '../../core/hub.ts';
import { following } from '../../core/settled.ts';
import { isFunction, type Method, prototypeOf, wrapMethod } from '../../core/wrap.ts';
import { type Call, CallWatch, type Command } from './call-watch.ts';

export const clientS3: ModuleInstrumentation = {
  module: '@aws-sdk/client-s3',
  patch(exports, hub) {
    const prototype = prototypeOf(exports, 'S3Client');
    const send = prototype && (prototype as { readonly send?: unknown }).send;
    if (!prototype || !isFunction(send)) return () => {};
    // It is inherited from what the clients of all services have in common: the others are left alone.
    const inherited = !Object.hasOwn(prototype, 'send');
    if (inherited) {
      Object.defineProperty(prototype, 'send', { value: send, writable: true, enumerable: false, configurable: true });
    }
    const undo = wrapMethod(prototype, 'send', (original) => watchedSend(original, hub));
    return () => {
      undo();
      if (inherited && Object.getOwnPropertyDescriptor(prototype, 'send')?.value === send) {
        Reflect.deleteProperty(prototype, 'send');
      }
    };
  },
};

/** As the SDK, it takes a command, perhaps options, and perhaps a callback; without one it gives a promise. */
function watchedSend(original: Method, hub: Hub): Method {
  const { guard, tracer } = hub;
  const watch = new CallWatch(hub);
  const failed = (call: Call, error: unknown) => guard.run('s3.failed', () => watch.failed(call, error), undefined);
  const succeeded = (call: Call, command: Command, output: unknown) =>
    guard.run('s3.succeeded', () => watch.succeeded(call, command, output as object | undefined), undefined);

  return function send(...args) {
    const command = args[0] as Command;
    const around = guard.run('s3.active', () => tracer.active(), undefined);
    const call = guard.run('s3.start', () => watch.start(command), undefined);
    if (!call) return original.apply(this, args);
    const place = isFunction(args[1]) ? 1 : 2;
    const callback = args[place];
    if (isFunction(callback)) {
      args[place] = function (this: object, ...told: unknown[]) {
        if (told[0]) failed(call, told[0]);
        else succeeded(call, command, told[1]);
        guard.run('s3.context', () => tracer.enter(around), undefined);
        return callback.apply(this, told);
      };
    }
    const sending = () => original.apply(this, args);
    let result: unknown;
    try {
      result = call.span ? tracer.run(call.span, sending) : sending();
    } catch (error) {
      failed(call, error);
      throw error;
    }
    if (!(result instanceof Promise) || isFunction(callback)) return result;
    return following(result, {
      resolved: (output) => succeeded(call, command, output),
      rejected: (error) => failed(call, error),
    });
  };
}
