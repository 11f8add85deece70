import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConsoleSettings } from './config.ts';
import type { PortFailure } from './console.ts';
import type { Holder } from './holders.ts';
import { loadLibrary } from './library.ts';

/** A serial adapter of this machine. */
export interface Adapter {
  /** The path to configure: a name that stays, as the kernel's names change between two plugs. */
  readonly path: string;
  /** `/dev/ttyUSB0` */
  readonly node: string;
  readonly manufacturer?: string;
  readonly serial_number?: string;
  /** USB ids, four hex digits each. */
  readonly vendor_id?: string;
  readonly product_id?: string;
  /** The console that uses it; absent = free to use. */
  readonly console?: string;
}

const BY_ID = '/dev/serial/by-id';

/** The serial adapters plugged in, each with the console that is configured for it. */
export async function listAdapters(consoles: Readonly<Record<string, ConsoleSettings>>): Promise<Adapter[]> {
  const [found, names, users] = await Promise.all([findAdapters(), stableNames(), nodesInUse(consoles)]);
  return found.map((adapter) => {
    const user = users.get(adapter.node);
    return { ...adapter, path: names.get(adapter.node) ?? adapter.path, ...(user !== undefined && { console: user }) };
  });
}

/** The same by name alone, without asking udev: quick enough to look every few seconds. */
export async function adapterPaths(): Promise<string[]> {
  const [nodes, names] = await Promise.all([adapterNodes(), stableNames()]);
  return nodes.map((node) => names.get(node) ?? node).sort();
}

async function adapterNodes(): Promise<string[]> {
  const names = await readdir('/dev').catch(() => []);
  return names.map((name) => join('/dev', name)).filter(isAdapter);
}

/** Without udevadm, as in small containers, the names in /dev are all there is to know. */
async function findAdapters(): Promise<Adapter[]> {
  const { SerialPort } = await loadLibrary();
  try {
    const ports = await SerialPort.list();
    return ports
      .filter(({ path, vendorId }) => vendorId !== undefined || isAdapter(path))
      .map(({ path, manufacturer, serialNumber, vendorId, productId }) => ({
        path,
        node: path,
        ...(manufacturer !== undefined && { manufacturer }),
        ...(serialNumber !== undefined && { serial_number: serialNumber }),
        ...(vendorId !== undefined && { vendor_id: vendorId }),
        ...(productId !== undefined && { product_id: productId }),
      }));
  } catch {
    return (await adapterNodes()).map((node) => ({ path: node, node }));
  }
}

/** Not ttyS0 to ttyS31, which the kernel shows whether or not something is there. */
const isAdapter = (node: string) => /^\/dev\/tty(USB|ACM|AMA|XRUSB)\d+$/.test(node);

/**
 * Names that stay, by device node. Two adapters of a kind without serial numbers have one id between them: the other is
 * named by the USB port it is in.
 */
async function stableNames(): Promise<Map<string, string>> {
  return new Map([...(await linksIn('/dev/serial/by-path')), ...(await linksIn(BY_ID))]);
}

async function linksIn(folder: string): Promise<(readonly [string, string])[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.map(async (name) => [await realpath(join(folder, name)).catch(() => ''), join(folder, name)] as const),
  );
}

async function nodesInUse(consoles: Readonly<Record<string, ConsoleSettings>>): Promise<Map<string, string>> {
  const nodes = Object.entries(consoles).map(async ([id, { port }]) => {
    const node = port === undefined ? '' : await realpath(port).catch(() => port);
    return [node, id] as const;
  });
  return new Map(await Promise.all(nodes));
}

/** What to do about a port that cannot be opened, in a sentence. */
export async function portAdvice(failure: PortFailure, path: string | undefined): Promise<string> {
  switch (failure) {
    case 'missing': {
      const there = (await adapterPaths()).join(', ');
      return `Plug the adapter in; it is opened as soon as it is there. Plugged in now: ${there || 'none'}.`;
    }
    case 'permission':
      return `Give the hub's user the right: adduser USER dialout, then start the hub again. Look with: ls -lL ${path}`;
    case 'not_serial':
      return `${path} is no serial port; configure a device node such as ${BY_ID}/...`;
    case 'no_library':
      return 'Install the hub again: npm ci';
    default:
      return 'It is tried again on its own.';
  }
}

/** Daemons that take new adapters for what they are not. */
const GRABBERS = ['ModemManager', 'brltty'];

/** Who to ask for a busy port; for a daemon that grabs adapters, the udev rule that stops it. */
export async function busyAdvice(path: string, holders: readonly Holder[]): Promise<string> {
  const grabber = holders.find(({ name }) => GRABBERS.includes(name));
  if (holders.length === 0) return 'Another console of this plugin has it, or a program of another user.';
  if (!grabber) return 'End the other program; the port is opened as soon as it is free.';
  const node = await realpath(path).catch(() => path);
  const adapter = (await listAdapters({})).find((each) => each.node === node);
  return [
    `${grabber.name} takes adapters for its own. In /etc/udev/rules.d/99-cupboard-console.rules:`,
    udevRule(adapter?.vendor_id ?? 'VENDOR', adapter?.product_id ?? 'PRODUCT'),
    'then: udevadm control --reload, and plug the adapter in again.',
    ...(grabber.name === 'brltty' ? ['Without a braille display: apt-get remove brltty.'] : []),
  ].join('\n');
}

/**
 * The rule that keeps ModemManager from probing an adapter and brltty from being started for it. Its file comes after
 * brltty's (85 or 90), whose start requests it empties.
 */
export function udevRule(vendor: string, product: string): string {
  const match = `SUBSYSTEM=="usb", ATTR{idVendor}=="${vendor}", ATTR{idProduct}=="${product}"`;
  return `${match}, ENV{ID_MM_DEVICE_IGNORE}="1", ENV{BRLTTY_BRAILLE_DRIVER}="", ENV{SYSTEMD_WANTS}="", RUN=""`;
}
