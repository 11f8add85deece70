import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../../core/doctor/finding.ts';
import { checkClock, checkNode } from '../../../core/doctor/machine.ts';
import { distFile } from '../../../core/support/paths.ts';
import { startHub, temporaryFolder, waitFor } from '../../support/hub.ts';

/** `cupboard doctor --json`; a problem makes its exit code 1. */
async function doctor(dataDir: string): Promise<{ code: number; of: (about: string) => Finding | undefined }> {
  const args = [distFile('cupboard.js'), 'doctor', '--json', '--data', dataDir];
  const { code, stdout } = await promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  const findings = JSON.parse(stdout) as Finding[];
  return { code, of: (about) => findings.find((finding) => finding.about === about && finding.level !== 'ok') };
}

it('names everything that is wrong with a data directory, and what mends it', async () => {
  const dataDir = await temporaryFolder();
  const holder = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  await mkdir(join(dataDir, 'plugin-data/lamp'), { recursive: true });
  await writeFile(
    join(dataDir, 'cupboard.yaml'),
    JSON.stringify({ broker: { listen: `127.0.0.1:${port}` }, plugins: { lamp: {} } }),
  );
  await writeFile(join(dataDir, 'secrets.yaml'), 'key: value\n', { mode: 0o644 });
  const file = join(dataDir, 'plugin-data/lamp/store.db');
  await writeFile(file, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8000, 7)]));
  await writeFile(join(dataDir, 'hub.db.damaged-2026'), '');

  const { code, of } = await doctor(dataDir);
  expect(code).toBe(1);
  expect(of('secrets.yaml')?.fix).toBe(`chmod 600 ${join(dataDir, 'secrets.yaml')}`);
  expect(of('broker.listen')?.message).toContain(`(pid ${process.pid})`);
  expect(of('plugin-data/lamp/store.db')).toMatchObject({ level: 'problem' });
  expect(of('hub.db.damaged-2026')).toMatchObject({ level: 'warning' });
  expect(of('lamp')?.message).toContain('there is no plugin "lamp"');
  expect(of('backups')).toMatchObject({ level: 'warning', fix: 'cupboard backup FILE' });
});

it('finds no problem with a hub that runs well, and tells what its plugins wait for', async () => {
  const hub = await startHub({ config: { plugins: { acurite: { transport: 'hidraw', path: '9-9' } } } });
  const { code, of } = await waitFor('acurite to wait for its console', async () => {
    const found = await doctor(hub.dataDir);
    return found.of('acurite')?.message.startsWith('waiting') && found;
  });
  expect(code).toBe(0);
  expect(of('acurite')).toMatchObject({ level: 'warning' });
});

it('tells a Node and a clock that will not do', async () => {
  expect(checkNode('20.18.3')).toMatchObject({ level: 'problem' });
  expect(checkNode('20.19.0')).toMatchObject({ level: 'ok' });
  expect(checkNode('24.1.0')).toMatchObject({ level: 'warning' });
  expect(await checkClock(12_000)).toMatchObject({ level: 'problem', message: 'it says 1970-01-01T00:00:12.000Z' });
  expect(await checkClock(Date.UTC(2030, 0), async () => false)).toMatchObject({ level: 'warning' });
  expect(await checkClock(Date.UTC(2030, 0), async () => undefined)).toMatchObject({ level: 'ok' });
});
