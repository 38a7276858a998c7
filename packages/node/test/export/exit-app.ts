/** An application that ends in the way that its last argument names; prints what it notices of its end. */
import { nightshift } from '../../src/nightshift.ts';

const [, , endpoint = '', way = ''] = process.argv;
const ns = nightshift({ endpoint, serviceName: 'ending', exportInterval: 86_400_000 });
ns.measure('work', {}, () => 1);
let times = 0;
process.on('beforeExit', (code) => {
  times++;
  process.stdout.write(`beforeExit ${code} ${times}\n`);
  if (way === 'again' && times === 1) setTimeout(() => {}, 20);
});
process.on('exit', (code) => void process.stdout.write(`exit ${code}\n`));
const ways: Readonly<Record<string, () => void>> = {
  natural() {
    process.exitCode = 3;
  },
  /** In the middle of a push. */
  leaving() {
    void ns.flush();
    setTimeout(() => process.exit(3), 100);
  },
  again() {},
  waiting() {
    setInterval(() => {}, 1000);
  },
  handled() {
    const alive = setInterval(() => {}, 1000);
    process.stdout.write(`listeners ${process.listenerCount('SIGTERM')}\n`);
    process.once('SIGTERM', () => {
      process.stdout.write(`SIGTERM ${process.listenerCount('SIGTERM')}\n`);
      clearInterval(alive);
    });
    process.stdout.write(`listeners ${process.listenerCount('SIGTERM')}\n`);
  },
  exiting() {
    setInterval(() => {}, 1000);
    process.on('SIGTERM', () => process.exit(5));
  },
  closing() {
    setInterval(() => {}, 1000);
    void ns.close().then(() => process.stdout.write(`closed ${process.listenerCount('SIGTERM')}\nready\n`));
  },
};
ways[way]?.();
if (way !== 'closing') process.stdout.write('ready\n');
