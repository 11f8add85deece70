import { join } from 'node:path';
import { expect } from 'vitest';
import { startHub, temporaryFolder, waitFor } from '../support/hub.ts';
import { testNeeding } from '../support/prerequisites.ts';
import { plugIn } from '../support/pseudo-terminal.ts';
import { recorded, stateOf } from '../support/recorded-console.ts';

testNeeding('socat')('kill -9 of hub and plugin costs at most the last second', async () => {
  const port = join(await temporaryFolder(), 'tty');
  const far = await plugIn(port);
  const config = { plugins: { 'modem-console': { consoles: { cm: { port } } } } };
  const hub = await startHub({ config });
  await stateOf(hub, 'cm', 'open');

  // A line every few milliseconds, with the time it was sent.
  const sent: { line: string; time: number }[] = [];
  const talking = setInterval(() => {
    const line = `line ${sent.length} of a long boot\r\n`;
    sent.push({ line, time: performance.now() });
    void far.send(line);
  }, 5);
  await waitFor('three seconds of talk', () => sent.length > 0 && performance.now() - (sent[0]?.time ?? 0) > 3000);
  await hub.kill();
  const killed = performance.now();
  clearInterval(talking);
  await far.unplug();

  const again = await startHub({ config, dataDir: hub.dataDir });
  const kept = await recorded(again, 'cm');
  const whole = sent.map(({ line }) => line).join('');
  expect(whole.startsWith(kept)).toBe(true);
  const owed = sent.filter(({ time }) => time < killed - 1000).map(({ line }) => line);
  expect(owed.length).toBeGreaterThan(100);
  expect(kept.length).toBeGreaterThanOrEqual(owed.join('').length);
});
