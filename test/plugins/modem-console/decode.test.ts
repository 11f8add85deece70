import { describe, expect, it } from 'vitest';
import { CM, decode, ECOS, LINUX, names, only, text } from './transcripts.ts';

describe('the boot log of the CG3100D-2', () => {
  const boot = only(decode(CM));

  it('says what the board is', () => {
    expect(boot).toMatchObject({
      role: 'cm',
      chip: 'BCM338332',
      chip_id: 'BCM3383G-B0',
      mem_mib: 128,
      bootloader: {
        version: '2.4.0alpha14R6T',
        flags: ['Pre-release', 'Gnu', 'spiboot', 'dual-flash', 'reduced DDR drive', 'linux'],
        built: '2012-03-24T14:04:50',
      },
      spi: { id: 0x012018, size: 16 * 1024 ** 2, block: 64 * 1024, write_buffer: 256, flags: 0 },
      flash_bytes: 32 * 1024 ** 2,
      parameter_offset: 0xc318,
      pid: 'a0e8',
    });
    expect(boot).not.toHaveProperty('linux');
  });

  it('lists the images, with header checksums recomputed', () => {
    expect(boot.images).toHaveLength(3);
    expect(boot.images[0]).toEqual({
      index: 1,
      signature: 'a0e8',
      control: '0005',
      dual: false,
      major: 3,
      minor: 0,
      built: '2013-04-18T04:01:11Z',
      length: 3098751,
      load_address: '80004000',
      filename: 'CG3100D_2BPAUS_V2.06.02u_130418.bin',
      hcs: '1e83',
      crc: 'b95f4172',
      offset: 0x20000,
      hcs_verdict: 'good',
      hcs_computed: '1e83',
    });
    expect(boot.images[1]).toMatchObject({ index: 2, hcs: '2277', hcs_verdict: 'good', offset: 0x800000 });
    expect(boot.images[2]).toMatchObject({ index: 3, dual: true, minor: 0x17, hcs_verdict: 'not_checkable' });
    expect(boot.images[2]).not.toHaveProperty('hcs_computed');
  });

  it('reads the partition map, which passes every check', () => {
    expect(boot.partitions).toHaveLength(9);
    expect(boot.partitions[1]).toEqual({ name: 'image1', size: 0x7d0000, offset: 0x20000 });
    expect(boot.checks.filter(({ verdict }) => verdict !== 'good')).toEqual([
      expect.objectContaining({ check: 'hcs', subject: 'image 3', verdict: 'not_checkable' }),
    ]);
    expect(boot.checks).toHaveLength(10);
  });

  it('lists the prompts without what was typed', () => {
    expect(boot.prompts).toEqual([
      "Enter '1', '2', or 'p' within 2 seconds or take default...",
      'Board IP Address  [0.0.0.0]:',
      'Board IP Mask     [255.255.255.0]:',
      'Board IP Gateway  [0.0.0.0]:',
      'Board MAC Address [00:10:18:ff:ff:ff]:',
      'Internal/External phy? (e/i/a)[a]',
    ]);
    expect(names(boot)).toEqual(['boot_started', 'menu']);
  });
});

describe('a Linux console', () => {
  it('starts no modem boot by lines that only look like one', () => {
    const boot = only(decode(LINUX, 'Build Time: 14:04:50\nCRC: 57bb0175\nSignature: a0e8\nname  size  offset\n'));
    expect(boot).toMatchObject({ role: 'linux', images: [], partitions: [] });
  });

  it('is noticed behind noise, behind kernel times, and without its first line', () => {
    const versions = (...chunks: string[]) => decode(...chunks).map((boot) => boot.linux?.version);
    expect(versions(`\xff\xfe${LINUX}\n[    0.000000] ${LINUX}`)).toEqual(['2.6.30-V2.06.05u', '2.6.30-V2.06.05u']);
    expect(versions(`${LINUX}\n${LINUX.slice(LINUX.indexOf('Kernel'))}`)).toEqual(['2.6.30-V2.06.05u', null]);
  });
});

describe('several boots', () => {
  it('are each told, also when the second begins in mid-line', () => {
    expect(decode(text, text.slice(0, 300), text)).toHaveLength(3);
    expect(decode(text.slice(0, 100), '\0\xff', text)).toHaveLength(2);
  });

  it('are noticed by a later line where the first lines were lost', () => {
    const headless = text.slice(text.indexOf('MemSize'));
    const boots = decode(text, headless);
    expect(boots).toHaveLength(2);
    expect(boots[1]).toMatchObject({ chip: null, mem_mib: 128, pid: 'a0e8' });
  });

  it('keep images apart', () => {
    const [first, second] = decode(text, text.slice(0, text.indexOf('Image 2')));
    expect(first?.images).toHaveLength(3);
    expect(second?.images.map(({ index }) => index)).toEqual([1]);
  });
});

describe('image headers', () => {
  const block = text.slice(text.indexOf('Image 2 Program'), text.indexOf('Image 3 Program'));

  it('count in their last version within a boot', () => {
    const again = block.replace('File Length: 3098198', 'File Length: 3098199');
    const boot = only(decode(text, again));
    expect(boot.images).toHaveLength(3);
    expect(boot.images[1]).toMatchObject({ length: 3098199, hcs_verdict: 'bad', offset: 0x800000 });
    expect(boot.images[1]?.hcs_computed).not.toBe('2277');
  });

  it('keep their fields when a line is damaged, and are then not checkable', () => {
    const boot = only(decode(text.replace('   Major Rev: 0003', '   Maj\x07r R%v: 0003')));
    expect(boot.images[0]).toMatchObject({
      major: null,
      filename: expect.stringContaining('130418'),
      hcs_verdict: 'not_checkable',
    });
  });

  it('without a "Found image" line have no offset', () => {
    const boot = only(decode(text.replace('Found image 2 at offset 800000', '')));
    expect(boot.images[1]).toMatchObject({ offset: null, hcs_verdict: 'good' });
    expect(boot.checks).toContainEqual(
      expect.objectContaining({ check: 'offset', subject: 'image 2', verdict: 'not_checkable' }),
    );
  });

  it('do not spill into another image when a title is lost', () => {
    const boot = only(decode(text.replace('Image 2 Program Header:', 'Im\0ge 2 Pro')));
    expect(boot.images[0]).toMatchObject({ hcs: '1e83', hcs_verdict: 'good' });
    expect(boot.images[1]).toMatchObject({ index: 2, hcs: '2277', hcs_verdict: 'good' });
  });

  it('take other lines in between, and one line twice', () => {
    const boot = only(
      decode(text.replace('     Control: 0005\n', '[00:00:01] noise\n     Control: 0005\n     Control: 0005\n')),
    );
    expect(boot.images[0]).toMatchObject({ control: '0005', hcs_verdict: 'good' });
  });
});

describe('the partition map', () => {
  const map = (rows: string) =>
    only(decode(text.slice(0, text.indexOf('Flash Partition')), `Flash Partition information:\n\n${rows}`));

  it('has its columns where the heading says', () => {
    const boot = map(
      'Name           Offset         Size         Erase\n=====\nbootloader   0x00000000     0x00010000   0x00010000\nnoise 0x1\n',
    );
    expect(boot.partitions).toEqual([{ name: 'bootloader', size: 0x10000, offset: 0 }]);
  });

  it('is not guessed without a heading', () => {
    expect(map('=====\nbootloader   0x00000000     0x00010000\n').partitions).toEqual([]);
  });

  it.each([
    ['gap', '0x00030000', 'gap before linux: 0x00020000 to 0x00030000'],
    ['overlap', '0x00010000', 'overlap before linux: 0x00020000 to 0x00010000'],
    ['wrong end', '0x00020000', 'ends at 0x00030000, the flash at 0x02000000'],
  ])('with a %s is bad', (_, offset, detail) => {
    const boot = map(
      `${`Name Size Offset\n`.replaceAll(' ', '    ')}a 0x00020000 0x00000000\nlinux 0x00010000 ${offset}\n`,
    );
    expect(boot.checks).toContainEqual({ check: 'map', subject: 'partition map', verdict: 'bad', detail });
  });
});

describe('what happens', () => {
  const upToPrompt = text.slice(0, text.indexOf('Enter '));

  it('is told: a boot to the eCos console', () => {
    const boot = only(decode(upToPrompt, ECOS));
    expect(names(boot)).toEqual(['boot_started', 'executing_image', 'boot_finished']);
    expect(boot.prompts).toEqual(['CM>']);
  });

  it('is told: a silenced console', () => {
    const boot = only(decode(upToPrompt, 'Executing Image 1...\nConsole input has been disabled in non-vol.\n'));
    expect(names(boot)).toEqual(['boot_started', 'executing_image', 'console_disabled', 'boot_finished']);
  });

  it('is told: Linux up to its login', () => {
    const boot = only(
      decode(
        'Linux version 2.6.30-V2.06.05u (gcc)\nKernel command line: root=mtd:rootfs\nLast login: now\n\nCG3100 login: ',
      ),
    );
    expect(boot).toMatchObject({
      role: 'linux',
      chip: null,
      bootloader: null,
      images: [],
      linux: { version: '2.6.30-V2.06.05u', cmdline: 'root=mtd:rootfs' },
      prompts: ['CG3100 login:'],
    });
    expect(names(boot)).toEqual(['boot_started', 'boot_finished', 'login_prompt']);
  });

  it.each([
    '******************** CRASH ********************',
    '>>> YIKES... looks like you may have a problem! <<<',
    'Kernel panic - not syncing: Attempted to kill init!',
  ])('is told: a crash, %s', (line) => {
    expect(names(only(decode(upToPrompt, `${line}\nr00/00 = 00000000\n${line}\n`)))).toEqual(['boot_started', 'crash']);
  });

  it('is told: a boot loop by its own line, and by boots that never finish', () => {
    const loop = decode(upToPrompt, 'Image 1 CRC failed!\nFailed to load an image!  Rebooting...\n');
    expect(names(only(loop))).toEqual(['boot_started', 'image_failed', 'boot_loop']);
    expect(
      decode(upToPrompt, upToPrompt, upToPrompt, upToPrompt).map((boot) => names(boot)?.includes('boot_loop')),
    ).toEqual([false, false, true, true]);
    expect(decode(text, text, text).some((boot) => names(boot)?.includes('boot_loop'))).toBe(false);
  });
});
