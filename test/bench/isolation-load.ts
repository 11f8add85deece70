/** A process of its own for whoever disturbs: `isolation-load.ts flood|freeze PORT`. Ends when it is killed. */
import { once } from 'node:events';
import { client, encode } from './broker.ts';

const [kind, port] = process.argv.slice(2);
const publisher = await client(Number(port), `${kind}-publisher`);
const reader = await client(Number(port), `${kind}-reader`);
const topic = `isolation/${kind}`;
reader.write(encode({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] }));
await once(reader, 'data');

if (kind === 'freeze') reader.pause();
else reader.resume();
const message = (bytes: number) =>
  encode({ cmd: 'publish', topic, payload: Buffer.alloc(bytes, 'x'), qos: 0, dup: false, retain: false });
// A flood is many small messages; a frozen reader hurts most with large ones.
const burst = kind === 'freeze' ? message(64 * 1024) : Buffer.concat(Array.from({ length: 200 }, () => message(64)));
for (;;) {
  if (!publisher.write(burst)) await once(publisher, 'drain');
  // Also this process must see its signals and its acknowledgements.
  await new Promise((resolve) => setImmediate(resolve));
}
