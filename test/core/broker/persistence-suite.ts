// Run by `node --test` (persistence.test.ts starts it): the suite that ships with aedes-persistence, over real files.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import suite from 'aedes-persistence/abstract.js';
import { HubPersistence } from '../../../core/broker/persistence.ts';
import { createLogger } from '../../../core/support/log.ts';
import { openHubStore } from '../../../core/support/store.ts';

suite({
  test,
  testAsync: true,
  persistence: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cupboard-suite-'));
    const store = await openHubStore(
      join(folder, 'hub.db'),
      createLogger('hub', ({ message }) => process.stderr.write(`${message}\n`)),
    );
    const persistence = new HubPersistence(store.commit, store.state, { queue: { messages: 10_000, bytes: 1e9 } });
    const destroy = persistence.destroy.bind(persistence);
    persistence.destroy = async () => {
      await destroy();
      await store.close();
      rmSync(folder, { recursive: true });
    };
    return persistence;
  },
});
