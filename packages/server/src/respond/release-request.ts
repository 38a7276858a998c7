import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ReleaseRequest } from '../api/api.ts';
import { NightshiftError } from '../errors/catalogue.ts';

const SERVICE = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;
const VERSION = /^[\w][\w.+-]{0,127}$/;
const REVISION = /^(?!-)[\w./-]{0,200}$/;

/** Throws BODY_INVALID that names the field and quotes its value; the directory is looked at on this machine. */
export function checkReleaseRequest(request: ReleaseRequest): void {
  refuseUnless(
    SERVICE.test(request.service),
    'service',
    request.service,
    'must be 1 to 63 of a-z, 0-9, `.`, `_`, `-`, with a letter or digit at both ends',
  );
  refuseUnless(
    VERSION.test(request.version),
    'version',
    request.version,
    'must be 1 to 128 letters, digits, `.`, `_`, `+`, `-`',
  );
  refuseUnless(REVISION.test(request.revision ?? ''), 'revision', request.revision, 'must be a commit or a ref name');
  refuseUnless(isAbsolute(request.dir), 'dir', request.dir, 'must be an absolute path');
  refuseUnless(isDirectory(request.dir), 'dir', request.dir, 'is not a directory on this machine');
  refuseUnless(
    (request.command[0] ?? '') !== '',
    'command',
    request.command,
    'must name a program, as a list of words',
  );
  refuseUnless((request.healthPath ?? '/').startsWith('/'), 'healthPath', request.healthPath, 'must begin with `/`');
  const port = request.port ?? 0;
  refuseUnless(
    Number.isInteger(port) && port >= 0 && port <= 65_535,
    'port',
    port,
    'must be a whole number from 0 to 65535',
  );
  for (const name of Object.keys(request.env ?? {})) {
    refuseUnless(/^[A-Za-z_]\w*$/.test(name), 'env', name, 'is not a name of an environment variable');
  }
}

function refuseUnless(isValid: boolean, field: string, value: unknown, rule: string): void {
  if (!isValid) throw new NightshiftError('BODY_INVALID', { reason: `\`${field}\` ${JSON.stringify(value)} ${rule}.` });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
