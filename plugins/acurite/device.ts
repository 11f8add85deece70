import { constants } from 'node:fs';
import { access, readdir, readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { errorCode, errorText, HubError } from 'cupboard/sdk';
import type { HIDAsync, Device as HidDevice } from 'node-hid';
import { REPORT_LENGTH, type ReportId } from './decode.ts';
import type { Failure } from './link.ts';

/** A console while it is open; the one way its bytes come in. */
export interface Console {
  /** @throws DeviceError */
  read(report: ReportId): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What one attempt to read brought. */
export type Evidence =
  | { readonly kind: 'report'; readonly time: number; readonly bytes: Uint8Array }
  | { readonly kind: 'failure'; readonly time: number; readonly failure: Failure; readonly detail: string };

/** A failure of the device or of the way to it, in the link's own terms. */
export class DeviceError extends HubError {
  constructor(
    readonly failure: Failure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`device_${failure}`, message, options);
  }

  /** hidapi has no error codes: what went wrong stands in the system's words at the end of its text. */
  static from(error: unknown): DeviceError {
    if (error instanceof DeviceError) return error;
    const text = errorText(error);
    const known = SYSTEM_WORDS.find(([words]) => words.test(text));
    return new DeviceError(known?.[1] ?? 'silent', text, { cause: error });
  }
}

const SYSTEM_WORDS: readonly (readonly [RegExp, Failure])[] = [
  [/permission denied|access denied|EACCES|EPERM/i, 'no_permission'],
  [/no such (device|file)|disconnected|ENODEV|ENOENT/i, 'unplugged'],
];

const VENDOR = 0x24c0;
const PRODUCT = 0x0003;

export type Driver = 'hidraw' | 'libusb';

/** A console as a driver lists it. */
interface Found {
  readonly driver: Driver;
  /** What the driver opens. */
  readonly node: string;
  /** Bus and port, `1-1.4`: it has no serial number, so the place is its name. Absent where no USB lies below. */
  readonly port: string | undefined;
}

/** Reads failed in a row before `auto` gives the other driver a try: one more than it takes to reset the port. */
const FAILURES_TO_CHANGE_DRIVER = 4;

/** The consoles on this machine's USB. */
export class UsbConsoles {
  /** The driver in use, or the first that would be tried. */
  driver: Driver;
  readonly #drivers: Driver[];
  readonly #path: string | undefined;
  #failures = 0;

  /** @param path USB port (`1-1.4`) or device node of the console, where there are several */
  constructor(transport: 'auto' | Driver, path?: string) {
    this.#drivers = transport === 'auto' ? ['hidraw', 'libusb'] : [transport];
    this.driver = this.#drivers[0] ?? 'hidraw';
    this.#path = path;
  }

  /** @throws DeviceError */
  async open(): Promise<Console> {
    const found = await this.#find();
    this.driver = found.driver;
    if (found.driver === 'libusb') await checkAccess(found.port);
    const handle = await hidLibrary(found.driver).HIDAsync.open(found.node);
    return { read: (report) => this.#read(handle, report), close: () => handle.close() };
  }

  /**
   * Does to the port what pulling the plug does, as far as software can.
   * @throws DeviceError when the system does not permit it or no USB lies below
   */
  async resetPort(): Promise<void> {
    const { port } = await this.#find();
    if (!port) throw new DeviceError('unplugged', 'this console is not on a USB port');
    await checkAccess(port);
    const { usb } = await import('usb');
    const devices = await usb.getDevices();
    const device = devices.find(({ bus, ports }) => `${Number(bus)}-${ports.join('.')}` === port);
    if (!device) throw new DeviceError('unplugged', `nothing on USB port ${port}`);
    await device.open();
    try {
      await device.reset();
    } finally {
      await device.close();
    }
  }

  async #read(handle: HIDAsync, report: ReportId): Promise<Uint8Array> {
    try {
      // The reports are Input reports, which node-hid cannot ask for: it asks for the Feature reports of the same ids.
      // The firmware looks at the id alone (read so in a driver for the 02064; not confirmed for every model).
      const bytes = await handle.getFeatureReport(report, REPORT_LENGTH[report]);
      this.#failures = 0;
      return bytes;
    } catch (error) {
      this.#failures += 1;
      // Some kernels let hidraw list the console and then fail every read; libusb takes the kernel's driver away.
      if (this.#failures % FAILURES_TO_CHANGE_DRIVER === 0) this.#drivers.reverse();
      throw DeviceError.from(error);
    }
  }

  async #find(): Promise<Found> {
    let missing: DeviceError | undefined;
    for (const driver of this.#drivers) {
      try {
        const found = (await listConsoles(driver)).find(
          ({ node, port }) => !this.#path || [node, port].includes(this.#path),
        );
        if (found) return found;
      } catch (error) {
        missing = DeviceError.from(error);
      }
    }
    const ports = await consolePorts();
    if (missing && (this.#drivers.length === 1 || ports.length > 0)) throw missing;
    throw new DeviceError('unplugged', notFoundText(this.#path, ports));
  }
}

function notFoundText(path: string | undefined, ports: readonly string[]): string {
  if (ports.length === 0) return 'No console (USB id 24c0:0003) found';
  const where = ports.join(', ');
  return path ? `No console at ${path}; there is one at ${where}` : `The console at ${where} has no driver`;
}

async function listConsoles(driver: Driver): Promise<Found[]> {
  const devices = await hidLibrary(driver).devicesAsync(VENDOR, PRODUCT);
  const nodes = devices.map((device: HidDevice) => device.path).filter((node) => node !== undefined);
  const found = nodes.map(async (node) => ({ driver, node, port: await portOf(driver, node) }));
  // The lowest port, so that two consoles do not change places between two starts.
  return (await Promise.all(found)).sort((a, b) => (a.port ?? a.node).localeCompare(b.port ?? b.node));
}

/** libusb's names are `PORT:CONFIG.INTERFACE`; a hidraw node has such a name above it in sysfs, where there is one. */
async function portOf(driver: Driver, node: string): Promise<string | undefined> {
  const inSysfs = () => realpath(`/sys/class/hidraw/${basename(node)}/device`).catch(() => '');
  const place = driver === 'libusb' ? node : await inSysfs();
  return /(?:^|\/)(\d+-[\d.]+):\d+\.\d+/.exec(place)?.[1];
}

const USB_DEVICES = '/sys/bus/usb/devices';

/** Ports with a console on them, whatever drivers there are. */
async function consolePorts(): Promise<string[]> {
  const ports = await readdir(USB_DEVICES).catch(() => []);
  const read = (port: string, file: string) =>
    readFile(join(USB_DEVICES, port, file), 'utf8').then(
      (text) => Number.parseInt(text, 16),
      () => undefined,
    );
  const isConsole = async (port: string) =>
    (await read(port, 'idVendor')) === VENDOR && (await read(port, 'idProduct')) === PRODUCT;
  const checked = await Promise.all(ports.map(async (port) => ((await isConsole(port)) ? port : undefined)));
  return checked.filter((port) => port !== undefined);
}

/** libusb says no more than "can't open": whether a right is missing shows at the raw USB node. */
async function checkAccess(port: string | undefined): Promise<void> {
  if (!port) return;
  const number = async (file: string) =>
    (await readFile(join(USB_DEVICES, port, file), 'utf8')).trim().padStart(3, '0');
  const node = `/dev/bus/usb/${await number('busnum')}/${await number('devnum')}`;
  try {
    await access(node, constants.R_OK | constants.W_OK);
  } catch (error) {
    const failure = errorCode(error) === 'EACCES' ? 'no_permission' : 'unplugged';
    throw new DeviceError(failure, errorText(error), { cause: error });
  }
}

type HidLibrary = typeof import('node-hid');
const libraries = new Map<Driver, HidLibrary>();

/**
 * node-hid binds the driver once for each loaded copy. A copy of its own for each lets `auto` go from one to the other
 * without a restart; the two native modules live side by side.
 */
function hidLibrary(driver: Driver): HidLibrary {
  const loaded = libraries.get(driver);
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  try {
    const entry = require.resolve('node-hid');
    for (const file of [entry, join(dirname(entry), 'binding-options.js')]) delete require.cache[file];
    const library: HidLibrary = require(entry);
    library.setDriverType(driver);
    library.getHidapiVersion();
    libraries.set(driver, library);
    return library;
  } catch (error) {
    throw new DeviceError('no_driver', `${driver} cannot be loaded: ${errorText(error)}`, { cause: error });
  }
}
