import { lookup, Resolver } from 'node:dns';
import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';

/** Less than what the last push may take. */
const ANSWER_MS = 600;

/**
 * Finds addresses as every other part of the process does, by `dns.lookup`, but asks it only when it will answer: it can
 * be neither bounded nor broken off, and even `process.exit()` waits for it, for ten seconds where the name server is
 * silent. `servers` are those of the system where none are given.
 */
export function createLookup(servers?: readonly string[]): LookupFunction {
  return async (host, options, callback) => {
    if ((await isInHosts(host)) || (await isAnswered(host, servers))) lookup(host, options, callback);
    else callback(silent(host), '', 0);
  };
}

/** What stands there is found without a name server. */
async function isInHosts(host: string): Promise<boolean> {
  const text = await readFile('/etc/hosts', 'utf8').catch(() => '');
  return text.split('\n').some((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1).includes(host));
}

/**
 * By a query that can be broken off. That there is no such name is an answer too: `dns.lookup` knows more, such as search
 * domains.
 */
function isAnswered(host: string, servers?: readonly string[]): Promise<boolean> {
  const resolver = new Resolver({ timeout: ANSWER_MS, tries: 1 });
  if (servers) resolver.setServers(servers);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolver.cancel(), ANSWER_MS);
    resolver.resolve4(host, (error) => {
      clearTimeout(timer);
      resolve(error?.code !== 'ETIMEOUT' && error?.code !== 'ECANCELLED');
    });
  });
}

const silent = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`no name server answers within ${ANSWER_MS} ms about ${host}`), { code: 'ETIMEOUT' });
