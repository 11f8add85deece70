// The weather console as a USB device: 24c0:0003, low speed, HID, reports only when asked on the control endpoint.
import { SILENCE, STALL, UsbDevice, usbString } from './usbip.mjs';

/** Bytes of each report, its id included. */
const SIZES = { 1: 10, 2: 25, 3: 33 };

const word = (value) => [value & 0xff, value >> 8];

/** Vendor page, one collection; each report as Input and Feature, so that either kind may be asked for. */
const REPORTS = Buffer.from([
  ...[0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08],
  ...Object.entries(SIZES).flatMap(([id, size]) => [
    ...[0x85, Number(id), 0x95, size - 1, 0x09, 0x01, 0x81, 0x02, 0x09, 0x01, 0xb1, 0x02],
  ]),
  0xc0,
]);
const HID = [9, 0x21, ...word(0x0111), 0, 1, 0x22, ...word(REPORTS.length)];
const INTERFACE = [...[9, 4, 0, 0, 1, 3, 0, 0, 0], ...HID, ...[7, 5, 0x81, 3, ...word(8), 10]];
const DESCRIPTORS = {
  1: [Buffer.from([18, 1, ...word(0x0110), 0, 0, 0, 8, ...word(0x24c0), ...word(0x0003), ...word(0x0020), 0, 2, 0, 1])],
  2: [Buffer.from([9, 2, ...word(9 + INTERFACE.length), 1, 1, 0, 0x80, 50, ...INTERFACE])],
  3: [Buffer.from([4, 3, ...word(0x0409)]), undefined, usbString('Chaney Instrument')],
  34: [REPORTS],
};

const GET_REPORT = { type: 0xa1, request: 1 };

export class UsbConsole {
  /** How it behaves: well; stall = refuses (EPIPE); mute = lets requests time out; slip = shifts every byte by a bit. */
  mood = 'well';
  /** Whether a reset of its port makes it well again. */
  healsByReset = false;
  /** How often it was asked for a report. */
  requests = 0;
  #answers;
  #turns = {};
  #device = new UsbDevice({
    speed: 'low',
    descriptors: DESCRIPTORS,
    control: (setup) => this.#control(setup),
    configured: () => {
      if (this.healsByReset) this.mood = 'well';
    },
  });

  /** @param {Record<number, string[]>} answers in hex for each report id, given in turn */
  constructor(answers) {
    this.#answers = answers;
  }

  plug = () => this.#device.plug();
  unplug = () => this.#device.unplug();

  #control({ type, request, value }) {
    if (type !== GET_REPORT.type || request !== GET_REPORT.request) return Buffer.alloc(0); // SET_IDLE and the like
    this.requests += 1;
    const id = value & 0xff;
    const answers = this.#answers[id];
    if (this.mood === 'mute') return SILENCE;
    if (this.mood === 'stall' || !answers) return STALL;
    this.#turns[id] = (this.#turns[id] ?? -1) + 1;
    const bytes = Buffer.from(answers[this.#turns[id] % answers.length], 'hex');
    return this.mood === 'slip' ? bytes.map((byte, index) => (index === 0 ? byte : (byte << 1) | 1)) : bytes;
  }
}
