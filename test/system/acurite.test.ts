import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startHub, temporaryFolder, waitFor } from '../support/hub.ts';

const run = promisify(execFile);

/** A slot of 18 s, both outdoor messages in turn, a tip of rain every ten minutes, the wind rising. */
function capture(slots: number, start: number): string[] {
  return Array.from({ length: slots }, (_, slot) => {
    const tips = Math.floor(slot / 33);
    const wind = slot % 120;
    const head = [0x01, 0xc0, 0x5c];
    const bytes =
      slot % 2 === 0
        ? [...head, 0x78, wind >> 3, ((wind & 7) << 4) | 0x08, 0x48, 0x25, 0x03, 0xff]
        : [...head, 0x71, wind >> 3, ((wind & 7) << 4) | 0x06, tips >> 7, tips & 0x7f, 0x03, 0xff];
    return `${start + slot * 18_000} ${Buffer.from(bytes).toString('hex')}`;
  });
}

it('a replayed capture reaches mosquitto_sub in both versions of MQTT, and sqlite3 finds it whole', async () => {
  const lines = capture(400, 1763821058000);
  const file = join(await temporaryFolder(), 'capture.txt');
  await writeFile(file, lines.join('\n'));
  const acurite = { transport: 'replay', replay: { file, interval_ms: 0 } };
  const hub = await startHub({ config: { timezone: 'Etc/UTC', plugins: { acurite } } });
  const { port } = new URL(hub.mqtt);
  const retained = async (version: string, topic: string) =>
    (await run('mosquitto_sub', ['-p', port, '-V', version, '-t', topic, '-C', '1', '-W', '20'])).stdout.trim();

  await waitFor(
    'the whole capture',
    async () => JSON.parse(await retained('mqttv5', 'acurite/link')).accepted === 400,
    60,
  );
  for (const version of ['mqttv311', 'mqttv5']) {
    expect(await retained(version, 'acurite/outdoor/temperature')).toBe('20.89');
    expect(await retained(version, 'acurite/outdoor/wind_direction')).toBe('0');
    expect(await retained(version, 'acurite/outdoor/rain_count')).toBe('12');
    expect(await retained(version, 'acurite/outdoor/rain_total')).toBe('3.048');
  }

  const response = await hub.api<string>('GET', '/plugins/acurite/capture.txt');
  expect(response.body.trim().split('\n')).toEqual(lines);
  await hub.stop();
  const { stdout } = await run('sqlite3', [
    join(hub.dataDir, 'plugin-data/acurite/store.db'),
    "SELECT time || ' ' || lower(hex(bytes)) FROM report ORDER BY id",
  ]);
  expect(stdout.trim().split('\n')).toEqual(lines);
});
