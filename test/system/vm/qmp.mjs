// QEMU's monitor from inside the virtual machine: USB devices that QEMU emulates are plugged in and pulled out here.
// Protocol: docs/interop/qmp-spec.rst of QEMU.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { until } from './lib.mjs';

const RETRY = 20; // ms

/** QEMU runs outside: there, the folder that both share has another name. */
const outside = (file) => file.replace(/^\/run\/vm\//, `${process.env.VM_SHARE}/`);

export class Qmp {
  #port = openSync('/dev/virtio-ports/qmp', constants.O_RDWR | constants.O_NONBLOCK);
  #buffer = Buffer.alloc(64 * 1024);
  #text = '';
  #number = 0;
  #media = 0;

  static async open() {
    const qmp = new Qmp();
    await qmp.ask('qmp_capabilities').catch(() => undefined); // refused where an earlier test file asked for it
    return qmp;
  }

  /**
   * Gives a command, answers what it returned.
   * @throws Error with QEMU's words
   */
  async ask(execute, args = {}) {
    const id = ++this.#number;
    writeSync(this.#port, `${JSON.stringify({ execute, arguments: args, id: `${process.pid}-${id}` })}\n`);
    for (;;) {
      const line = await this.#line();
      if (line.id !== `${process.pid}-${id}`) continue; // an event, or the greeting
      if (line.error) throw new Error(`${execute}: ${line.error.desc}`);
      return line.return;
    }
  }

  /**
   * An FTDI serial adapter (0403:6001); what is sent through it comes out of the port `far` of this machine.
   * @param {string} id of the device, for `unplugSerial`; also its serial number, else QEMU makes one up of the USB port
   */
  async plugSerial(id) {
    const addr = { type: 'unix', data: { path: `${process.env.VM_SHARE}/far` } };
    await this.ask('chardev-add', { id: `${id}-line`, backend: { type: 'socket', data: { addr, server: false } } });
    await this.ask('device_add', { driver: 'usb-serial', id, serial: id, bus: 'usb.0', chardev: `${id}-line` });
  }

  async unplugSerial(id) {
    await this.ask('device_del', { id });
    const letGo = () =>
      this.ask('chardev-remove', { id: `${id}-line` }).then(
        () => true,
        () => false,
      );
    await until(`QEMU to let go of ${id}`, letGo);
  }

  /** A USB stick with its medium in it. @param {string} image a file in /run/vm */
  async plugStick(id, image) {
    this.#media += 1;
    const node = `${id}-${this.#media}`;
    await this.ask('blockdev-add', {
      driver: 'raw',
      'node-name': node,
      file: { driver: 'file', filename: outside(image) },
    });
    await this.ask('device_add', { driver: 'usb-storage', id, bus: 'usb.0', drive: node, removable: true });
  }

  /** A USB card reader with nothing in it. */
  async plugReader(id) {
    await this.ask('human-monitor-command', { 'command-line': `drive_add 0 if=none,id=${id}-slot` });
    await this.ask('device_add', { driver: 'usb-storage', id, bus: 'usb.0', drive: `${id}-slot`, removable: true });
  }

  /** Pulls a stick or reader out, whatever it is doing. */
  async unplug(id) {
    await this.ask('device_del', { id });
    await until(`${id} to be gone`, async () => {
      const devices = await this.ask('qom-list', { path: '/machine/peripheral' });
      return devices.every(({ name }) => name !== id);
    });
  }

  /**
   * Puts a card into a reader, or takes it out.
   * @param {string} id of the reader; `sd` is the slot that the machine always has
   * @param {string} [image] a file in /run/vm; none = take it out
   */
  async changeMedium(id, image) {
    // The disk of a USB reader is a SCSI disk that usb-storage makes inside itself.
    const slot = id === 'sd' ? id : `/machine/peripheral/${id}/${id}.0/legacy[0]`;
    if (image === undefined) await this.ask('eject', { id: slot, force: true });
    else await this.ask('blockdev-change-medium', { id: slot, filename: outside(image), format: 'raw', force: true });
  }

  close() {
    closeSync(this.#port);
  }

  /** Polled: a pending read of a port in the background would keep the process alive. */
  async #line() {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return JSON.parse(line);
      }
      try {
        this.#text += this.#buffer.toString('utf8', 0, readSync(this.#port, this.#buffer));
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error;
        await setTimeout(RETRY);
      }
    }
  }
}
