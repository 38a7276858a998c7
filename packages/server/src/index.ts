export { ConfigError } from './config/config-error.ts';
export { type ConfigSource, loadConfig } from './config/load.ts';
export { libraryPath } from './engine/child.ts';
export { type Launcher, ownLauncher } from './serve/launcher.ts';
export { runServe } from './serve/run.ts';
export { type ServeOptions, type Server, startServer } from './serve/serve.ts';
