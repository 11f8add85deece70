// A weather console as a USB device: 24c0:0003, HID, answering GET_REPORT on the control endpoint, through FunctionFS.
// A process of its own, as reading the control endpoint blocks a thread until something happens on the bus.
// JSON lines on standard input steer it; each is repeated as {"done": ...} when it has been obeyed:
//   {"reports": {"1": ["01ab...", ...], "2": [...]}}   answers, taken in turn
//   {"mood": "well" | "stall" | "mute" | "slip"}        stall: EPIPE at once; mute: no answer, the kernel waits 5 s;
//                                                       slip: every byte shifted by one bit
//   {"heals": true}                                     a reset of its port makes it well again
//   {"plug": true} {"plug": false}
// It prints what the bus does to it: {"enabled": true}, {"asked": 1}.
import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, read, readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Gadget } from './gadget.mjs';

const FOLDER = '/dev/console-usb';
/** The kernel waits 5 s for an answer. */
const HOST_GIVES_UP_MS = 5500;
const SIZES = { 1: 10, 2: 25, 3: 33 };

const words = (...values) => Buffer.from(new Uint32Array(values).buffer);
const word16 = (value) => [value & 0xff, value >> 8];

/** Vendor page, one collection; each report as Input and Feature, so that either kind may be asked for. */
const REPORT_DESCRIPTOR = Buffer.from([
  ...[0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08],
  ...Object.entries(SIZES).flatMap(([id, size]) => [
    ...[0x85, Number(id), 0x95, size - 1, 0x09, 0x01, 0x81, 0x02, 0x09, 0x01, 0xb1, 0x02],
  ]),
  0xc0,
]);
const INTERFACE = [9, 4, 0, 0, 1, 3, 0, 0, 0];
const HID = [9, 0x21, ...word16(0x0111), 0, 1, 0x22, ...word16(REPORT_DESCRIPTOR.length)];
const INTERRUPT_IN = [7, 5, 0x81, 3, ...word16(8), 10];
const DESCRIPTORS = Buffer.from([...INTERFACE, ...HID, ...INTERRUPT_IN]);

// linux/usb/functionfs.h
const DESCRIPTORS_MAGIC = 3;
const STRINGS_MAGIC = 2;
const HAS_FULL_SPEED = 1;
const [EVENT_ENABLE, EVENT_SETUP] = [2, 4];

let answers = {};
const turns = {};
let mood = 'well';
let heals = false;
const say = (event) => console.log(JSON.stringify(event));

const gadget = new Gadget({
  name: 'console',
  vendor: 0x24c0,
  product: 3,
  title: 'Chaney Instrument',
  function: 'ffs.console',
});
mkdirSync(FOLDER, { recursive: true });
execFileSync('mount', ['-t', 'functionfs', 'console', FOLDER]);
const control = openSync(`${FOLDER}/ep0`, 'r+');
writeSync(control, Buffer.concat([words(DESCRIPTORS_MAGIC, 16 + DESCRIPTORS.length, HAS_FULL_SPEED, 3), DESCRIPTORS]));
writeSync(control, words(STRINGS_MAGIC, 16, 0, 0));

/** The bytes for a GET_REPORT; `undefined` where the console refuses. */
function report(id) {
  const list = answers[id];
  if (mood === 'stall' || !list) return undefined;
  turns[id] = (turns[id] ?? -1) + 1;
  const bytes = Buffer.from(list[turns[id] % list.length], 'hex');
  return mood === 'slip' ? bytes.map((byte, index) => (index === 0 ? byte : (byte << 1) | 1)) : bytes;
}

/** Answers one control request, or lets it time out. */
async function serve({ type, request, value, length }) {
  if (type === 0x81 && request === 6 && value >> 8 === 0x22) return send(REPORT_DESCRIPTOR, length);
  if (type === 0x21) return void readSync(control, Buffer.alloc(64)); // SET_IDLE and the like: taken, ignored
  if (type !== 0xa1 || request !== 1) return stall(type);
  const id = value & 0xff;
  say({ asked: id });
  if (mood === 'mute') return await setTimeout(HOST_GIVES_UP_MS);
  const bytes = report(id);
  return bytes ? send(bytes, length) : stall(type);
}

const send = (bytes, length) => void writeSync(control, bytes.subarray(0, length));

/** Moving data in the wrong direction is FunctionFS's way to stall. */
function stall(type) {
  ignoringEnd(() => ((type & 0x80) !== 0 ? readSync(control, Buffer.alloc(1)) : writeSync(control, Buffer.alloc(1))));
}

/** EL2HLT: stalled as asked; EIDRM: the host has given up this request. */
function ignoringEnd(action) {
  try {
    return action();
  } catch (error) {
    if (![-51, -43].includes(error.errno)) throw error;
    return undefined;
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line);
  if (order.reports) answers = order.reports;
  if (order.mood) mood = order.mood;
  if (order.heals !== undefined) heals = order.heals;
  if (order.plug === true) gadget.plug();
  if (order.plug === false) gadget.unplug();
  say({ done: order });
});

const readEvents = promisify(read);
const events = Buffer.alloc(12 * 8);
for (;;) {
  const got = await readEvents(control, events, 0, events.length, null).catch((error) => {
    ignoringEnd(() => {
      throw error;
    });
    return { bytesRead: 0 };
  });
  for (let at = 0; at < got.bytesRead; at += 12) {
    const event = events.subarray(at, at + 12);
    if (event[8] === EVENT_ENABLE) {
      if (heals) mood = 'well';
      say({ enabled: true });
    }
    if (event[8] === EVENT_SETUP) {
      const [type, request] = event;
      await serve({ type, request, value: event.readUInt16LE(2), length: event.readUInt16LE(6) });
    }
  }
}
