// USB devices out of software, inside the virtual machine: the kernel's USB device side (configfs gadgets) on the
// dummy_hcd port. The host side of the same kernel enumerates them, binds its drivers and can be unplugged like any.
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GADGETS = '/sys/kernel/config/usb_gadget';

/** A device with one function: a configfs name such as `ffs.console`, `mass_storage.card` or `acm.serial`. */
export class Gadget {
  #folder;
  #port;

  /** @param {{ name: string, vendor: number, product: number, title: string, function: string }} device */
  constructor({ name, vendor, product, title, function: functionName }) {
    const folder = join(GADGETS, name);
    const function_ = join(folder, 'functions', functionName);
    for (const part of [folder, function_, join(folder, 'strings/0x409'), join(folder, 'configs/c.1')]) mkdirSync(part);
    writeFileSync(join(folder, 'idVendor'), `${vendor}`);
    writeFileSync(join(folder, 'idProduct'), `${product}`);
    writeFileSync(join(folder, 'strings/0x409/product'), title);
    symlinkSync(function_, join(folder, 'configs/c.1', functionName));
    this.#folder = folder;
    this.#port = readdirSync('/sys/class/udc')[0];
  }

  plug() {
    writeFileSync(join(this.#folder, 'UDC'), this.#port);
  }

  unplug() {
    writeFileSync(join(this.#folder, 'UDC'), '\n');
  }
}
