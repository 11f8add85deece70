import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSignal } from '../../../../plugins/photos/cards/signal.ts';
import { temporaryFolder } from '../../../support/hub.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A light's folder as the kernel makes it, but made of plain files. */
async function lightFolder() {
  const leds = await temporaryFolder();
  const folder = join(leds, 'input3::capslock');
  await mkdir(folder);
  for (const [file, text] of [
    ['max_brightness', '255\n'],
    ['trigger', ''],
    ['brightness', ''],
    ['delay_on', ''],
    ['delay_off', ''],
  ]) {
    await writeFile(join(folder, file as string), text as string);
  }
  return { leds, read: (file: string) => readFile(join(folder, file), 'utf8') };
}

it('blinks while an import runs, is steady when the card may be pulled, and goes off', async () => {
  const { leds, read } = await lightFolder();
  const show = createSignal({ led: 'input3::capslock' }, quiet, { leds, speaker: '/dev/null' });
  await show('importing');
  expect([await read('trigger'), await read('delay_on'), await read('delay_off')]).toEqual(['timer', '500', '500']);
  await show('safe');
  expect([await read('trigger'), await read('brightness')]).toEqual(['none', '255']);
  await show('idle');
  expect(await read('brightness')).toBe('0');
});

it('tells a program each state once, as its last argument', async () => {
  const file = join(await temporaryFolder(), 'told');
  const show = createSignal({ command: ['sh', '-c', `echo "$0" >> ${file}`] }, quiet);
  for (const state of ['importing', 'importing', 'failed', 'idle'] as const) await show(state);
  expect(await readFile(file, 'utf8')).toBe('importing\nfailed\nidle\n');
});

it('beeps with the events that the kernel’s speaker takes', async () => {
  const speaker = join(await temporaryFolder(), 'speaker');
  await writeFile(speaker, '');
  const show = createSignal({ beep: true }, quiet, { leds: '/nowhere', speaker });
  await show('importing');
  await show('safe');
  // Two events of 24 bytes: EV_SND, SND_TONE, 880 Hz; then silence.
  const zeros = '00'.repeat(16);
  expect((await readFile(speaker)).toString('hex')).toBe(`${zeros}1200020070030000${zeros}1200020000000000`);
});

it('says once what it cannot show, and goes on', async () => {
  const said: string[] = [];
  const show = createSignal({ led: 'none' }, { ...quiet, warn: (text) => said.push(text) });
  await show('importing');
  await show('safe');
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/light of "signal"/);
});
