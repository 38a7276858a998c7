export { EVIDENCE_BYTES } from './captured-body.ts';
export { connectGateway, type GatewayClient, GatewayUnavailable } from './client.ts';
export { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
export { GatewayError } from './gateway-error.ts';
export { type Journal, type JournalOptions, openJournal } from './journal.ts';
export { GatewayRunning } from './lock.ts';
export { runGateway } from './main.ts';
export * from './protocol.ts';
