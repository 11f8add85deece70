// A broker in a process of its own, to be killed: `tsx broker-process.ts DATA_DIR HOST:PORT`. Prints its address.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createBroker } from '../../../core/broker/broker.ts';
import { createLogger } from '../../../core/support/log.ts';
import { openHubStore } from '../../../core/support/store.ts';
import { LIMITS } from './limits.ts';

const [dataDir = '', listen = ''] = process.argv.slice(2);
mkdirSync(join(dataDir, 'run'), { recursive: true });
const log = createLogger('hub', ({ level, message }) => level === 'error' && process.stderr.write(`${message}\n`));
const broker = createBroker({
  config: { listen, anonymous: true, rules: {}, limits: { ...LIMITS, queue_messages: 100_000, queue_bytes: 1e8 } },
  store: await openHubStore(join(dataDir, 'hub.db'), log),
  dataDir,
  log,
  authenticate: async () => undefined,
  hasUsers: () => false,
});
await broker.start();
process.stdout.write(`${broker.address}\n`);
