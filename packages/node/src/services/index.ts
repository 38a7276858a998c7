import type { Instrumentation, ModuleInstrumentation } from '../core/hub.ts';
import { bullmq } from './bullmq/bullmq.ts';
import { mongodb } from './mongodb/mongodb.ts';
import { apns2 } from './push/apns2.ts';
import { pushHttp2 } from './push/http2-sessions.ts';
import { pushRequests } from './push/push-requests.ts';
import { ioredis } from './redis/ioredis.ts';
import { nodeRedis } from './redis/node-redis.ts';
import { clientS3 } from './s3/client-s3.ts';

/** Stores, queues, object storage and push services, by the packages that speak to them. */
export const services: readonly ModuleInstrumentation[] = [ioredis, mongodb, bullmq, clientS3, apns2];

/** The same for what tells of itself by channels. */
export const serviceChannels: readonly Instrumentation[] = [nodeRedis, pushRequests, pushHttp2];
