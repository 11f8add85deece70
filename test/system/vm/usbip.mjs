// USB devices out of JavaScript, inside the virtual machine: the kernel's vhci-hcd is a USB host whose cables are
// sockets that speak USB/IP. What is plugged in here is a real USB device to every driver and library above it: it is
// enumerated, refuses, falls silent, is reset and pulled out like any. (The kernel's own dummy_hcd could do the same,
// but its timer fires 8000 times a second while a request is open: too much for an emulated processor.)

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';

const HOST = '/sys/devices/platform/vhci_hcd.0';

// Documentation/usb/usbip_protocol.rst
const HEADER = 48;
const [SUBMIT, UNLINK, SUBMITTED, UNLINKED] = [1, 2, 3, 4];
const IN = 1;
const EPIPE = -32;
const ECONNRESET = -104;

const SPEEDS = { low: 1, full: 2, high: 3 };
const ports = { next: 0 };

/** What a device answers to a control request it refuses, and to one it lets time out. */
export const STALL = Symbol('stall');
export const SILENCE = Symbol('silence');

export class UsbDevice {
  #device;
  #port = ports.next++;

  /**
   * @param {{ speed: 'low' | 'full' | 'high', descriptors: Record<number, Buffer[]>,
   *   control: (setup: Setup) => Buffer | typeof STALL | typeof SILENCE, configured?: () => void }} device
   *   descriptors by type (1 device, 2 configuration, 3 strings; what an interface has, too); `control` answers
   *   requests that are not of the standard kind, `configured` is told when the bus was reset
   * @typedef {{ type: number, request: number, value: number, index: number, length: number }} Setup
   */
  constructor(device) {
    this.#device = device;
  }

  async plug() {
    const server = net.createServer((cable) => this.#serve(cable)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const end = new net.Socket();
    end.pause(); // the kernel reads from it, not we
    end.connect(server.address().port, '127.0.0.1');
    await once(end, 'connect');
    writeFileSync(`${HOST}/attach`, `${this.#port} ${end._handle.fd} ${this.#port + 1} ${SPEEDS[this.#device.speed]}`);
    end.destroy(); // the kernel has its own hold on it
    server.close().unref();
  }

  unplug() {
    writeFileSync(`${HOST}/detach`, `${this.#port}`);
  }

  #serve(cable) {
    let received = Buffer.alloc(0);
    const open = new Set();
    cable.unref(); // a device that stays plugged in does not keep a test alive
    cable.on('error', () => undefined); // a plug is pulled without a good-bye
    cable.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= HEADER) {
        const isWrite = received.readUInt32BE(0) === SUBMIT && received.readUInt32BE(12) !== IN;
        const size = HEADER + (isWrite ? received.readInt32BE(24) : 0);
        if (received.length < size) return;
        this.#obey(received.subarray(0, HEADER), open, cable);
        received = received.subarray(size);
      }
    });
  }

  #obey(header, open, cable) {
    const reply = (command, status, data = Buffer.alloc(0), length = data.length) => {
      const answer = Buffer.alloc(HEADER);
      answer.writeUInt32BE(command, 0);
      header.copy(answer, 4, 4, 8); // its number
      answer.writeInt32BE(status, 20);
      answer.writeInt32BE(length, 24);
      cable.write(Buffer.concat([answer, data]));
    };
    const number = header.readUInt32BE(4);
    if (header.readUInt32BE(0) === UNLINK) {
      reply(UNLINKED, open.delete(header.readUInt32BE(20)) ? ECONNRESET : 0);
      return;
    }
    const answer = header.readUInt32BE(16) === 0 ? this.#control(header.subarray(40)) : SILENCE;
    if (answer === SILENCE) open.add(number);
    else if (answer === STALL) reply(SUBMITTED, EPIPE);
    else if (header.readUInt32BE(12) === IN) reply(SUBMITTED, 0, answer.subarray(0, header.readInt32BE(24)));
    else reply(SUBMITTED, 0, undefined, header.readInt32BE(24));
  }

  #control(bytes) {
    const [type, request] = bytes;
    const [value, index, length] = [2, 4, 6].map((at) => bytes.readUInt16LE(at));
    const isStandard = (type & 0x60) === 0;
    if (!isStandard) return this.#device.control({ type, request, value, index, length });
    if (request === 6) return this.#device.descriptors[value >> 8]?.[value & 0xff] ?? STALL;
    if (request === 0) return Buffer.from([0, 0]); // GET_STATUS
    if (request === 9) this.#device.configured?.();
    return Buffer.alloc(0);
  }
}

/** A string descriptor. */
export function usbString(text) {
  const characters = Buffer.from(text, 'utf16le');
  return Buffer.from([characters.length + 2, 3, ...characters]);
}
