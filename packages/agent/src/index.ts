export { type Agent, type AgentOptions, startAgent } from './agent.ts';
export { AgentConfigError } from './config/load.ts';
export { runAgent } from './main.ts';
