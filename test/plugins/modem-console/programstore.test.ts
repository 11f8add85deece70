import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { distFile } from '../../../core/support/paths.ts';
import { crc16Genibus, crc32Bzip2 } from '../../../plugins/modem-console/crc.ts';
import { cutFlash, flashCommand } from '../../../plugins/modem-console/flash.ts';
import { headerCommand } from '../../../plugins/modem-console/header.ts';
import {
  computeHcs,
  findHeaders,
  isHeader,
  type ProgramHeader,
  parseHeader,
} from '../../../plugins/modem-console/programstore.ts';
import { temporaryFolder } from '../../support/hub.ts';
import { testNeeding } from '../../support/prerequisites.ts';

// The headers of images 1 and 2 of a CG3100D-2, made from their printed fields; the payloads are not public.
const IMAGE_1 =
  'a0e8000500030000516f7007002f487f80004000434733313030445f3242504155535f56322e30362e3032755f3133303431382e62696e00000000000000000000000000000000000000000000000000000000001e830000b95f4172';
const IMAGE_2 =
  'a0e8000500030000525f4c79002f465680004000434733313030445f3242504155535f56322e30362e3035755f3133313031372e62696e000000000000000000000000000000000000000000000000000000000022770000a6c0fd23';

const SINGLE: ProgramHeader = {
  signature: 0xa0e8,
  control: 0x0005,
  major: 3,
  minor: 0x17,
  time: 1366257671,
  length: 0,
  loadAddress: 0x80004000,
  filename: 'test.bin',
  lengths: [0, 0],
};

/** An image as ProgramStore writes it: header, then payload. */
function image(payload: Buffer, fields: Partial<ProgramHeader> = {}): Buffer {
  const header = { ...SINGLE, length: payload.length, ...fields };
  const bytes = Buffer.alloc(92);
  for (const [index, value] of [header.signature, header.control, header.major, header.minor].entries()) {
    bytes.writeUInt16BE(value, index * 2);
  }
  bytes.writeUInt32BE(header.time, 8);
  bytes.writeUInt32BE(header.length, 12);
  bytes.writeUInt32BE(header.loadAddress, 16);
  bytes.write(header.filename, 20, 'latin1');
  bytes.writeUInt32BE(header.lengths[0], 76);
  bytes.writeUInt32BE(header.lengths[1], 80);
  bytes.writeUInt16BE(crc16Genibus(bytes.subarray(0, 84)), 84);
  bytes.writeUInt32BE(crc32Bzip2(payload), 88);
  return Buffer.concat([bytes, payload]);
}

const asIs = (path: string) => path;

describe('the checksums', () => {
  it('give the check values of the CRC catalogue', () => {
    expect(crc16Genibus(Buffer.from('123456789'))).toBe(0xd64e);
    expect(crc32Bzip2(Buffer.from('123456789'))).toBe(0xfc891918);
  });

  it.each([
    [IMAGE_1, 0x1e83, 'CG3100D_2BPAUS_V2.06.02u_130418.bin', 1366257671],
    [IMAGE_2, 0x2277, 'CG3100D_2BPAUS_V2.06.05u_131017.bin', 1381977209],
  ])('fit the headers of a CG3100D-2 (%#)', (hex, hcs, filename, time) => {
    const header = parseHeader(Buffer.from(hex, 'hex'));
    expect(header).toMatchObject({ hcs, hcsComputed: hcs, filename, time, lengths: [0, 0] });
    expect(header && isHeader(header)).toBe(true);
  });

  it('fit the dual header of a FAST3686, whose two lengths are known', () => {
    const dual: ProgramHeader = {
      signature: 0xd06e,
      control: 0x0100,
      major: 2,
      minor: 0x17,
      time: 0x5ea94be9,
      length: 0x0029ffa4,
      loadAddress: 0x7e000000,
      filename: 'FAST3686_DNA_3.490.0-T3-app-20200429.bin',
      lengths: [0x19000, 0x280000],
    };
    expect(computeHcs(dual)).toBe(0xa934);
  });
});

describe('header', () => {
  it('checks a whole image', async () => {
    const file = join(await temporaryFolder(), 'image.bin');
    await writeFile(file, image(Buffer.from('payload')));
    expect(await headerCommand({ file }, asIs)).toMatchObject({
      ok: true,
      offset: 0,
      hcs_verdict: 'good',
      crc_verdict: 'good',
      compression: 'lzma',
      dual: false,
      minor: 0x17,
      built: '2013-04-18T04:01:11Z',
      load_address: '80004000',
    });
  });

  it('names what is bad, and what cannot be checked', async () => {
    const file = join(await temporaryFolder(), 'image.bin');
    const damaged = image(Buffer.from('payload'));
    damaged[95] = 0;
    await writeFile(file, damaged);
    expect(await headerCommand({ file }, asIs)).toMatchObject({ hcs_verdict: 'good', crc_verdict: 'bad' });
    await writeFile(file, Buffer.from(IMAGE_1, 'hex'));
    expect(await headerCommand({ file }, asIs)).toMatchObject({
      hcs_verdict: 'good',
      crc_verdict: 'not_checkable',
      detail: '0 of 3098751 payload bytes are there',
    });
    await writeFile(file, Buffer.from(IMAGE_1.replace('a0e8', 'a0e9'), 'hex'));
    expect(await headerCommand({ file }, asIs)).toMatchObject({ ok: true, hcs_verdict: 'bad' });
    await writeFile(file, 'short');
    expect(await headerCommand({ file }, asIs)).toMatchObject({ ok: false, error: 'too short for a header' });
  });

  it('finds images behind a signature and in a bundle', async () => {
    const file = join(await temporaryFolder(), 'bundle.bin');
    const first = image(Buffer.from('first'));
    await writeFile(
      file,
      Buffer.concat([Buffer.alloc(1001, 0x30), first, Buffer.alloc(500, 0xff), image(Buffer.from('2'))]),
    );
    const offsets = [1001, 1001 + first.length + 500];
    expect(await headerCommand({ file }, asIs)).toMatchObject({ offset: 1001, crc_verdict: 'good', offsets });
  });

  testNeeding('xz')('decompresses what xz has compressed, with and without an end mark', async () => {
    const folder = await temporaryFolder();
    const content = Buffer.from('eCos '.repeat(10_000));
    const lzma = execFileSync('xz', ['--format=lzma', '--stdout'], { input: content });
    // ProgramStore leaves the 8 bytes of the size out.
    const payload = Buffer.concat([lzma.subarray(0, 5), lzma.subarray(13)]);
    const file = join(folder, 'image.bin');
    await writeFile(file, image(payload));
    const decompressed = join(folder, 'content');
    const answer = await headerCommand({ file, decompressed, payload: join(folder, 'payload') }, asIs);
    expect(answer).toMatchObject({ ok: true, decompressed_bytes: content.length, decompressed_ended: true });
    expect(await readFile(decompressed)).toEqual(content);
    expect(await readFile(join(folder, 'payload'))).toEqual(payload);

    await writeFile(file, image(payload.subarray(0, -6)));
    const cut = await headerCommand({ file, decompressed: join(folder, 'cut') }, asIs);
    expect(cut).toMatchObject({ ok: true, decompressed_ended: false });
    await expect(headerCommand({ file, decompressed }, asIs)).rejects.toMatchObject({ code: 'EEXIST' });
    await writeFile(file, image(Buffer.from('no lzma at all')));
    await expect(headerCommand({ file, decompressed: join(folder, 'no') }, asIs)).rejects.toMatchObject({
      code: 'lzma_broken',
    });
  });

  it('is a program too: exit code 0 good, 1 bad, 2 usage', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'good.bin'), image(Buffer.from('payload')));
    await writeFile(join(folder, 'bad.bin'), Buffer.from(IMAGE_1.replace('a0e8', 'a0e9'), 'hex'));
    const env = { ...process.env, CUPBOARD_DATA: folder };
    const run = (...args: string[]) => {
      const command = [distFile('cupboard.js'), 'run', 'modem-console', 'header', ...args];
      try {
        return { code: 0, output: execFileSync(process.execPath, command, { encoding: 'utf8', stdio: 'pipe', env }) };
      } catch (error) {
        const { status, stdout } = error as { status: number; stdout: string };
        return { code: status, output: stdout };
      }
    };
    const good = run(join(folder, 'good.bin'));
    expect({ ...JSON.parse(good.output), code: good.code }).toMatchObject({ code: 0, crc_verdict: 'good' });
    expect(run(join(folder, 'bad.bin')).code).toBe(1);
    expect(run().code).toBe(2);
  });
});

describe('flash', () => {
  const MAP = [
    { name: 'bootloader', size: 0x1000, offset: 0 },
    { name: 'image1', size: 0x3000, offset: 0x1000 },
    { name: 'dynnv', size: 0x1000, offset: 0x7000 },
    { name: 'linux', size: 0x3000, offset: 0x4000 },
  ];
  const dump = Buffer.alloc(0x8000, 0xff);
  dump.fill(0x3c, 0, 0x800);
  image(Buffer.alloc(2000, 7)).copy(dump, 0x1000);
  dump.write('hunter2', 0x7000);
  const verdicts = (bytes: Buffer) =>
    cutFlash(bytes, MAP).map(({ name, content, verdict }) => [name, content, verdict]);

  it('says of each partition what it holds, and what nothing can check', () => {
    expect(verdicts(dump)).toEqual([
      ['bootloader', 'data', 'not_checkable'],
      ['image1', 'image', 'good'],
      ['linux', 'erased', 'not_checkable'],
      ['dynnv', 'settings', 'not_checkable'],
    ]);
  });

  it('finds a damaged payload, a damaged header and a short dump', () => {
    const damaged = Buffer.from(dump);
    damaged[0x1200] = 0;
    expect(verdicts(damaged)[1]).toEqual(['image1', 'image', 'bad']);
    const header = Buffer.from(dump);
    header[0x1004] = 9;
    expect(verdicts(header)[1]).toEqual(['image1', 'image', 'bad']);
    expect(verdicts(dump.subarray(0, 0x4000))[2]).toEqual(['linux', 'absent', 'not_checkable']);
  });

  it('takes two chips, notices when they are swapped, and writes the partitions', async () => {
    const folder = await temporaryFolder();
    const [first, second] = [join(folder, 'u1.bin'), join(folder, 'u2.bin')];
    await writeFile(first, dump.subarray(0, 0x4000));
    await writeFile(second, dump.subarray(0x4000));
    const out = join(folder, 'parts');
    const answer = await flashCommand({ file: first, second, folder: out }, MAP, asIs);
    expect(answer).toMatchObject({ ok: true, bytes: 0x8000, map: 'known' });
    expect(answer).not.toHaveProperty('advice');
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(await readFile(join(out, 'image1.bin'))).toEqual(dump.subarray(0x1000, 0x4000));
    const swapped = await flashCommand({ file: second, second: first }, MAP, asIs);
    expect(swapped).toMatchObject({ advice: expect.stringContaining('swapped') });
  });

  it('searches for headers where no map is known', async () => {
    const file = join(await temporaryFolder(), 'dump.bin');
    await writeFile(file, dump);
    expect(findHeaders(dump)).toEqual([0x1000]);
    expect(await flashCommand({ file }, undefined, asIs)).toMatchObject({
      map: 'searched',
      partitions: [{ name: 'image1', offset: 0x1000, size: 2092, verdict: 'good' }],
    });
    await writeFile(file, Buffer.alloc(0x9000));
    expect(await flashCommand({ file }, MAP, asIs)).toMatchObject({ ok: false, expected: '32768 bytes' });
  });
});
