import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';
import { plugIn } from '../support/pseudo-terminal.ts';
import { recorded, stateOf } from '../support/recorded-console.ts';

const CM = readFileSync(new URL('../fixtures/modem-console/cg3100d2-cm.txt', import.meta.url));

const plugin = async (hub: RunningHub) => {
  const { body } = await hub.api<{ id: string; restarts: number; rssBytes: number }[]>('GET', '/api/v1/plugins');
  return body.find(({ id }) => id === 'modem-console');
};

testNeeding('socat')('10 MB of boot loop are recorded whole, in the memory of one boot', async () => {
  const port = join(await temporaryFolder(), 'tty');
  const far = await plugIn(port);
  const hub = await startHub({ config: { plugins: { 'modem-console': { consoles: { cm: { port } } } } } });
  await stateOf(hub, 'cm', 'open');
  const before = (await plugin(hub))?.rssBytes ?? 0;
  const boot = Buffer.concat([
    CM.subarray(0, CM.indexOf('Enter ')),
    Buffer.from('Failed to load an image!  Rebooting...\r\n'),
  ]);
  const loop = Buffer.concat(Array.from({ length: Math.ceil(1e7 / boot.length) }, () => boot));
  await far.send(loop);

  const search = { text: 'Rebooting', limit: 1 };
  await waitFor(
    'the last byte',
    async () => {
      const { body } = await hub.api<{ lines?: { offset: number }[] }>(
        'POST',
        '/api/v1/plugins/modem-console/commands/search',
        search,
      );
      return (body.lines?.[0]?.offset ?? 0) > loop.length - boot.length;
    },
    60,
  );
  const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
  expect(sha256(await recorded(hub, 'cm'))).toBe(sha256(loop));
  const after = await plugin(hub);
  expect(after?.restarts).toBe(0);
  // The limit of the manifest is 256 MB; ten megabytes held back several times over would show.
  expect((after?.rssBytes ?? 0) - before).toBeLessThan(100 * 1024 * 1024);
});
