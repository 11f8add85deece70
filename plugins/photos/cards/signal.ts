import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { errorText, type Logger } from 'cupboard/sdk';
import type { SignalState } from './status.ts';

export interface SignalSettings {
  readonly led?: string;
  readonly beep?: boolean;
  readonly command?: readonly string[];
}

/** Where lights and the speaker are; tests name others. */
export const DEVICES = { leds: '/sys/class/leds', speaker: '/dev/input/by-path/platform-pcspkr-event-spkr' };

/** How a light shows each state: what is written to which file of its folder, in this order. */
function ledWrites(state: SignalState, brightest: string): readonly (readonly [file: string, text: string])[] {
  const still = (brightness: string) =>
    [
      ['trigger', 'none'],
      ['brightness', brightness],
    ] as const;
  if (state === 'idle') return still('0');
  if (state === 'safe') return still(brightest);
  // The trigger's own files appear once it is set.
  const [on, off] = state === 'importing' ? ['500', '500'] : ['80', '920'];
  return [
    ['trigger', 'timer'],
    ['delay_on', on],
    ['delay_off', off],
  ];
}

/**
 * Shows the state of all cards together: a light blinks evenly while an import runs, is steady when the card may be
 * pulled, and flashes where something failed. What cannot be shown is told once in the log.
 */
export function createSignal(
  settings: SignalSettings,
  log: Logger,
  devices = DEVICES,
): (state: SignalState) => Promise<void> {
  const complained = new Set<string>();
  const attempt = async (what: string, show: () => Promise<void>) => {
    await show().catch((error) => {
      if (!complained.has(what)) log.warn(`the ${what} of "signal" does not work: ${errorText(error)}`);
      complained.add(what);
    });
  };
  const { led, beep, command } = settings;
  let last: SignalState = 'idle';
  // One after the other: a light that is half switched over would stay so.
  let shown = Promise.resolve();
  return (state) => {
    if (state === last) return shown;
    last = state;
    shown = shown.then(async () => {
      if (led !== undefined) await attempt('light', () => setLed(join(devices.leds, led), state));
      if (beep === true) await attempt('beep', () => beepFor(state, devices.speaker));
      if (command !== undefined) await attempt('command', () => tellProgram(command, state));
    });
    return shown;
  };
}

async function setLed(folder: string, state: SignalState): Promise<void> {
  const brightest = (await readFile(join(folder, 'max_brightness'), 'utf8')).trim();
  for (const [file, text] of ledWrites(state, brightest)) await writeFile(join(folder, file), text);
}

/** linux/input-event-codes.h */
const EV_SND = 0x12;
const SND_TONE = 0x02;

async function beepFor(state: SignalState, speaker: string): Promise<void> {
  if (state !== 'safe' && state !== 'failed') return;
  const tones = state === 'safe' ? [880] : [220, 220, 220];
  const device = await open(speaker, 'w');
  try {
    for (const hertz of tones) {
      await device.write(toneEvent(hertz));
      await setTimeout(200);
      await device.write(toneEvent(0));
      await setTimeout(100);
    }
  } finally {
    await device.close();
  }
}

/** struct input_event of linux/input.h on a 64-bit machine: time (16 bytes, unused), type, code, value. */
function toneEvent(hertz: number): Buffer {
  const event = Buffer.alloc(24);
  event.writeUInt16LE(EV_SND, 16);
  event.writeUInt16LE(SND_TONE, 18);
  event.writeInt32LE(hertz, 20);
  return event;
}

async function tellProgram([program = '', ...args]: readonly string[], state: SignalState): Promise<void> {
  const child = spawn(program, [...args, state], { stdio: 'ignore', timeout: 30_000 });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}
