import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { automaticBackups, backUpDaily } from '../../../core/backup/automatic.ts';
import { loadConfig } from '../../../core/config/config.ts';
import { createLogger } from '../../../core/support/log.ts';
import { startHub, temporaryFolder } from '../../support/hub.ts';

const DAY = 24 * 3600 * 1000;
const log = createLogger('hub', () => undefined);
const events = () => undefined;

it('makes one a day and keeps as many as asked for', async () => {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'cupboard.yaml'), 'backup: { keep: 2 }\n');
  const config = await loadConfig({ dataDir, log });
  const start = Date.UTC(2026, 0, 1);
  for (const time of [0, 1, DAY, DAY + 1, 2 * DAY, 3 * DAY]) {
    await backUpDaily({ dataDir, config, log, events }, () => start + time);
  }
  expect(await readdir(join(dataDir, 'backups'))).toEqual([
    'cupboard-2026-01-03T00-00-00Z.tar.gz',
    'cupboard-2026-01-04T00-00-00Z.tar.gz',
  ]);
});

it('starts with the last good backup when hub.db is damaged, and says so', async () => {
  const hub = await startHub({});
  const { dataDir } = hub;
  await hub.api('POST', '/api/v1/publish', { topic: 'lamp/state', payload: 'on', qos: 1, retain: true });
  const config = await loadConfig({ dataDir, log });
  await backUpDaily({ dataDir, config, log, events }, () => Date.UTC(2026, 0, 1));
  await backUpDaily({ dataDir, config, log, events }, () => Date.UTC(2026, 0, 2));
  await hub.stop();
  const [newest = '', older = ''] = await automaticBackups(dataDir);
  await writeFile(newest, 'damaged too');
  await writeFile(join(dataDir, 'hub.db'), Buffer.alloc(8192, 'x'));

  const again = await startHub({ dataDir });
  const { body } = await again.api<{ payload: string }[]>('GET', '/api/v1/topics?filter=lamp/state');
  expect(body).toMatchObject([{ payload: 'on' }]);
  expect(again.output()).toContain(`automatic backup ${older}`);
  expect((await readdir(dataDir)).some((name) => name.startsWith('hub.db.damaged-'))).toBe(true);
});
