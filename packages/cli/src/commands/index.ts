import type { Register } from '../context.ts';
import { agent } from './agent.ts';
import { cardinality } from './cardinality.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { engineChild } from './engine-child.ts';
import { gateway } from './gateway.ts';
import { incident } from './incident.ts';
import { logs } from './logs.ts';
import { query } from './query.ts';
import { release } from './release.ts';
import { serve } from './serve.ts';
import { token } from './token.ts';

/** Every command, in the order of the help. */
export const commands: readonly Register[] = [
  serve,
  agent,
  release,
  incident,
  query,
  logs,
  cardinality,
  token,
  doctor,
  demo,
  gateway,
  engineChild,
];
