// Photos and cards for tests, made without any library: also tests inside the virtual machine use them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A grey JPEG of 8 x 8 pixels, behind its SOI. */
const PICTURE = Buffer.from(
  '/9j/2wBDAP//////////////////////////////////////////////////////////////////////////////////////2wBDAf//////////////////////////////////////////////////////////////////////////////////////wAARCAAIAAgDASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AAA//2Q==',
  'base64',
).subarray(2);
const MOST_IN_SEGMENT = 65_533;

/**
 * A whole JPEG with a capture time; its bulk are comments, the same for the same seed.
 * @param {string} taken `2016:02:01 10:00:00`
 * @param {string} seed
 * @param {number} [bytes] about so large
 */
export function jpegOf(taken, seed, bytes = 20_000) {
  const segments = [segment(0xe1, exifOf(taken))];
  const noise = createHash('sha256').update(seed).digest();
  for (let left = bytes; left > 0; left -= MOST_IN_SEGMENT) {
    segments.push(segment(0xfe, Buffer.alloc(Math.min(left, MOST_IN_SEGMENT), noise)));
  }
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...segments, PICTURE]);
}

/** @param {number} marker @param {Buffer} content */
function segment(marker, content) {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** TIFF: one directory that points to a second one (0x8769), which holds DateTimeOriginal (0x9003). @param {string} taken */
function exifOf(taken) {
  const tiff = Buffer.alloc(8 + 18 + 18 + 20);
  tiff.write('MM\0*', 0, 'latin1');
  tiff.writeUInt32BE(8, 4);
  const directory = (at, tag, type, count, value) => {
    tiff.writeUInt16BE(1, at);
    tiff.writeUInt16BE(tag, at + 2);
    tiff.writeUInt16BE(type, at + 4);
    tiff.writeUInt32BE(count, at + 6);
    tiff.writeUInt32BE(value, at + 10);
  };
  directory(8, 0x8769, 4, 1, 26);
  directory(26, 0x9003, 2, 20, 44);
  tiff.write(`${taken}\0`, 44, 'latin1');
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
}

/**
 * Writes photos as a camera would: DCIM/100_TEST/IMG_0001.JPG and on, ten minutes apart on 1 February 2016.
 * @param {string} folder
 * @param {{ first?: number, count: number, bytes?: number }} shots
 */
export function shoot(folder, { first = 1, count, bytes }) {
  for (let number = first; number < first + count; number += 1) {
    const file = join(folder, 'DCIM/100_TEST', `IMG_${String(number).padStart(4, '0')}.JPG`);
    const minutes = number * 10;
    const taken = `2016:02:01 ${[Math.floor(minutes / 60) % 24, minutes % 60, 0].map((part) => String(part).padStart(2, '0')).join(':')}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, jpegOf(taken, `shot ${number}`, bytes));
  }
}

/** Where the partition of a card begins, if it has one: where cameras and the SD Association's formatter put it. */
const PARTITION = 2048;
const SECTOR = 512;

/**
 * Makes the image of a card; needs root.
 * @param {string} image
 * @param {{ megabytes: number, mkfs: readonly string[], partitioned?: boolean }} format `mkfs`: program and arguments,
 *   the device follows; partitioned: the file system lies in a partition, as on most cards
 * @param {(folder: string) => void} fill writes what is to be on it
 */
export function makeCardImage(image, { megabytes, mkfs, partitioned = false }, fill) {
  const table = Buffer.alloc(partitioned ? PARTITION * SECTOR : 0);
  if (partitioned) {
    // One primary partition, FAT with LBA (0x0c), up to the end; what it says in cylinders nobody reads any more.
    table.set([0, 0xfe, 0xff, 0xff, 0x0c, 0xfe, 0xff, 0xff], 446);
    table.writeUInt32LE(PARTITION, 454);
    table.writeUInt32LE((megabytes << 11) - PARTITION, 458);
    table.writeUInt16BE(0x55aa, 510);
  }
  writeFileSync(image, table);
  execFileSync('truncate', ['-s', `${megabytes}M`, image]);
  const [program = '', ...args] = mkfs;
  onLoopDevice(image, (device) => execFileSync(program, [...args, device], { stdio: 'pipe' }));
  changeCardImage(image, fill);
}

/**
 * Mounts the image of a card, lets `change` write to it, and unmounts it.
 * @param {string} image
 * @param {(folder: string) => void} change
 */
export function changeCardImage(image, change) {
  onLoopDevice(image, (device) => {
    const folder = mkdtempSync(join(tmpdir(), 'card-'));
    execFileSync('mount', [device, folder]);
    try {
      change(folder);
    } finally {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    }
  });
}

/** @param {string} image @param {(device: string) => void} use */
function onLoopDevice(image, use) {
  const isPartitioned = readFileSync(image).readUInt32LE(454) === PARTITION;
  const offset = ['--offset', `${isPartitioned ? PARTITION * SECTOR : 0}`];
  const device = execFileSync('losetup', ['--find', '--show', ...offset, image], { encoding: 'utf8' }).trim();
  try {
    use(device);
  } finally {
    execFileSync('losetup', ['--detach', device]);
  }
}
