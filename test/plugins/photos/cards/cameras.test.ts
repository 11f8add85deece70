import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPtpCameras } from '../../../../plugins/photos/cards/cameras.ts';
import { temporaryFolder } from '../../../support/hub.ts';

/** Attributes as /sys/bus/usb/devices shows them. */
async function usb(tree: Record<string, Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [device, attributes] of Object.entries(tree)) {
    await mkdir(join(folder, device));
    for (const [name, value] of Object.entries(attributes)) await writeFile(join(folder, device, name), `${value}\n`);
  }
  return folder;
}

it('finds a camera by the class of its interface, and names it', async () => {
  const devices = await usb({
    usb1: { product: 'xHCI Host Controller' },
    '1-2': { manufacturer: 'Canon Inc.', product: 'Canon Digital Camera', bDeviceClass: '00' },
    '1-2:1.0': { bInterfaceClass: '06' },
    '1-3': { product: 'Card Reader' },
    '1-3:1.0': { bInterfaceClass: '08' },
    '1-4.1': {},
    '1-4.1:1.0': { bInterfaceClass: '06' },
    '1-4.1:1.1': { bInterfaceClass: '06' },
  });
  expect(await readPtpCameras(devices)).toEqual([
    { port: '1-2', name: 'Canon Inc. Canon Digital Camera' },
    { port: '1-4.1', name: 'camera' },
  ]);
});

it('finds none where there is no USB', async () => {
  expect(await readPtpCameras('/nowhere')).toEqual([]);
});
