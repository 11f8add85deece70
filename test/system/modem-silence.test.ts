import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunningHub, startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';
import { type FarEnd, plugIn } from '../support/pseudo-terminal.ts';
import { stateOf, topic } from '../support/recorded-console.ts';

const CM = readFileSync(new URL('../fixtures/modem-console/cg3100d2-cm.txt', import.meta.url), 'latin1');

testNeeding('socat')('no byte is sent through start, unplug, reload, crash, restart and stop', async () => {
  const folder = await temporaryFolder();
  const port = join(folder, 'tty');
  const first = await plugIn(port);
  const config = { plugins: { 'modem-console': { consoles: { cm: { port } } } } };
  const hub = await startHub({ config });
  await stateOf(hub, 'cm', 'open');
  await first.send(CM);
  await first.unplug();
  await stateOf(hub, 'cm', 'missing');
  const second = await plugIn(port);
  await stateOf(hub, 'cm', 'open');

  const reloaded = { plugins: { 'modem-console': { consoles: { cm: { port, name: 'Bench' } } } } };
  await writeFile(join(hub.dataDir, 'cupboard.yaml'), JSON.stringify(reloaded));
  await topic<{ name: string }>(hub, 'hub/devices/modem-console/cm', ({ name }) => name === 'Bench');
  await stateOf(hub, 'cm', 'open');
  await hears(hub, second, 'after the reload');
  await hub.api('POST', '/api/v1/plugins/modem-console/restart');
  await hears(hub, second, 'after the restart');
  await hub.kill();
  const again = await startHub({ config, dataDir: hub.dataDir });
  await hears(again, second, 'after the crash');
  expect(await again.stop()).toBe(0);
  expect([first.received().length, second.received().length]).toEqual([0, 0]);
});

/** The line is said until it is found: what comes while the port is shut is lost, as on a wire. */
function hears(hub: RunningHub, far: FarEnd, line: string): Promise<unknown> {
  return waitFor(`"${line}"`, async () => {
    await far.send(`${line}\r\n`);
    const search = '/api/v1/plugins/modem-console/commands/search';
    const { body } = await hub.api<{ lines?: object[] }>('POST', search, { text: line });
    return body.lines !== undefined && body.lines.length > 0;
  });
}
