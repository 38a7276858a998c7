/** The process that the kill test kills: appends numbered records and takes batches as fast as it can, printing what was promised. */
import { writeSync } from 'node:fs';
import { openSpool } from './index.ts';

const [dir = '', round = ''] = process.argv.slice(2);
const spool = await openSpool({ dir, segmentBytes: 8192 });

async function produce(lane: number): Promise<never> {
  for (let i = 0; ; i++) {
    const name = `${round}-${lane}-${i}`;
    await spool.append(Buffer.from(name.padEnd(100)));
    writeSync(1, `ack ${name}\n`);
  }
}

for (const lane of [0, 1, 2]) void produce(lane);
for (;;) {
  await spool.waitForRecords();
  const batch = await spool.nextBatch(1000);
  if (!batch) continue;
  writeSync(1, `batch ${batch.token} ${batch.records.map((one) => Buffer.from(one).toString().trim()).join(',')}\n`);
  await spool.commit(batch);
}
