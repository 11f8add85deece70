import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A camera or phone on a USB cable that does not show its card as a disk. */
export interface PtpCamera {
  /** The port it hangs on, as the kernel names it: `1-2`. */
  readonly port: string;
  readonly name: string;
}

/** USB class 6 is "Still Imaging", subclass 1 protocol 1 is PTP (usb.org, defined class codes). */
const STILL_IMAGING = '06';

/** Reads the cameras from /sys/bus/usb/devices; no USB means no cameras. */
export async function readPtpCameras(devices = '/sys/bus/usb/devices'): Promise<PtpCamera[]> {
  const entries = await readdir(devices).catch(() => []);
  // An interface is called after its device, configuration and number: 1-2:1.0
  const interfaces = entries.filter((entry) => entry.includes(':'));
  const classes = await Promise.all(interfaces.map((entry) => attribute(join(devices, entry), 'bInterfaceClass')));
  const ports = interfaces.filter((_, index) => classes[index] === STILL_IMAGING).map((entry) => entry.split(':')[0]!);
  return Promise.all(
    [...new Set(ports)].map(async (port) => {
      const names = ['manufacturer', 'product'].map((name) => attribute(join(devices, port), name));
      return { port, name: (await Promise.all(names)).filter((name) => name !== '').join(' ') || 'camera' };
    }),
  );
}

async function attribute(folder: string, name: string): Promise<string> {
  // Many devices have no such attribute, and a device may be pulled between listing and reading.
  return (await readFile(join(folder, name), 'utf8').catch(() => '')).trim();
}
