// Prints by every logger; its standard output is compared with and without the library.
import bunyan from 'bunyan';
import pino from 'pino';
import winston from 'winston';

const circular = { name: 'round', deep: { list: [1n, Symbol('s'), undefined, () => 1] } };
circular.self = circular;
const hostile = {
  get secret() {
    throw new Error('from a getter');
  },
  fine: 1,
};
const proxy = new Proxy(
  {},
  {
    ownKeys() {
      console.log('a trap ran');
      return [];
    },
  },
);
const huge = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key${i}`, 'v'.repeat(100)]));

console.log('plain');
console.log('%s is %d of %i, %j %o %%', 'a', 1.5, 2, { b: 1 }, [1]);
console.log(circular, hostile, 10n, Symbol('x'), null, undefined);
console.log(Object.keys(huge).length, huge);
console.table([{ a: 1 }]);
console.dir({ a: { b: { c: { d: 1 } } } });
console.group('group');
console.info('within');
console.groupEnd();
console.error('to the other stream');
console.warn(new TypeError('no').message);
console.assert(false, 'assertion');
console.count();
console.debug('debug');
try {
  console.log(proxy);
} catch (error) {
  console.log(error.message);
}
process.stdout.write(`${console.log.name} ${console.log.length} ${typeof console.log.prototype}\n`);

const log = pino(
  { redact: ['password'], timestamp: false, base: { app: 'x' } },
  pino.destination({ sync: true, fd: 1 }),
);
log.info({ user: 'ada', password: 'secret' }, 'hello %s', 'pino');
log.child({ part: 'child' }).error(new Error('pino failed').message);
log.debug('not printed');
log.warn(circular, 'circular');
pino(
  { timestamp: false, base: null, hooks: { streamWrite: (line) => line.replaceAll('hidden', '***') } },
  pino.destination({ sync: true, fd: 1 }),
).info('a hidden word');
const archive = pino({ timestamp: false, base: null }, pino.destination({ sync: true, fd: 1 }));
pino({ timestamp: false, base: null }, { write: () => archive.info('by the inner pino') }).info('by the outer pino');
try {
  log.info(hostile, 'hostile');
} catch (error) {
  console.log('pino lets through', error.message);
}

const logger = winston.createLogger({
  level: 'info',
  format: winston.format.combine(
    winston.format((info) => ({
      ...info,
      token: info.token && '***',
      [Symbol.for('level')]: info[Symbol.for('level')],
    }))(),
    winston.format.json(),
  ),
  transports: [new winston.transports.Console(), new winston.transports.Console({ level: 'error' })],
});
logger.info('hello winston', { token: 'secret', user: 'ada' });
logger.debug('not printed either');
logger.error('winston failed');

const bunyanLog = bunyan.createLogger({
  name: 'bun',
  streams: [
    { stream: { write: (line) => process.stdout.write(line.replace(/"(time|pid|hostname)":("[^"]*"|\d+),?/g, '')) } },
  ],
});
bunyanLog.info({ user: 'ada', big: 5 }, 'hello bunyan');
bunyanLog.debug('not printed as well');
const round = { name: 'round' };
round.self = round;
bunyanLog.fatal(round, 'bunyan failed');
