import { ExpressAdapter } from '@nestjs/platform-express';
import { serveNest } from './nest-routes.mjs';

await serveNest(new ExpressAdapter(), '*path');
