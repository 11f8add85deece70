/**
 * What a CG3100D-2 prints, as far as it was recorded: the bootloader's part from power-on to its menu is the log of a
 * real one; the rest keeps to the shapes its siblings are known for. The modem ends lines in more than one way, and its
 * bootloader draws progress with a lone CR.
 */

interface Image {
  readonly index: number;
  readonly control: string;
  readonly major: string;
  readonly minor: string;
  readonly built: string;
  readonly length: number;
  readonly address: string;
  readonly file: string;
  readonly hcs: string;
  readonly crc: string;
  readonly offset: string;
}

const IMAGES: readonly Image[] = [
  {
    index: 1,
    control: '0005',
    major: '0003',
    minor: '0000',
    built: '2013/4/18 04:01:11 Z',
    length: 3098751,
    address: '80004000',
    file: 'CG3100D_2BPAUS_V2.06.02u_130418.bin',
    hcs: '1e83',
    crc: 'b95f4172',
    offset: '20000',
  },
  {
    index: 2,
    control: '0005',
    major: '0003',
    minor: '0000',
    built: '2013/10/17 02:33:29 Z',
    length: 3098198,
    address: '80004000',
    file: 'CG3100D_2BPAUS_V2.06.05u_131017.bin',
    hcs: '2277',
    crc: 'a6c0fd23',
    offset: '800000',
  },
  {
    index: 3,
    control: '0105',
    major: '0002',
    minor: '0017',
    built: '2013/10/17 02:22:30 Z',
    length: 8277924,
    address: '84010000',
    file: 'CG3100D_2BPAUS_K2630V2.06.05u_131017.bin',
    hcs: '157e',
    crc: '57bb0175',
    offset: '1000000',
  },
];

const lines = (...all: readonly string[]) => all.map((line) => `${line}\r\n`).join('');

const imageBlock = (image: Image) =>
  lines(
    '',
    `Image ${image.index} Program Header:`,
    '   Signature: a0e8',
    `     Control: ${image.control}`,
    `   Major Rev: ${image.major}`,
    `   Minor Rev: ${image.minor}`,
    `  Build Time: ${image.built}`,
    ` File Length: ${image.length} bytes`,
    `Load Address: ${image.address}`,
    `    Filename: ${image.file}`,
    `         HCS: ${image.hcs}`,
    `         CRC: ${image.crc}`,
    '',
    `Found image ${image.index} at offset ${image.offset}`,
  );

export const BANNER =
  lines(
    'BCM338332 TP0 346890',
    'Reset Switch - Low GPIO-18 50ms',
    'MemSize:            128 M',
    'Chip ID:     BCM3383G-B0',
    '',
    'BootLoader Version: 2.4.0alpha14R6T Pre-release Gnu spiboot dual-flash reduced DDR drive linux',
    'Build Date: Mar 24 2012',
    'Build Time: 14:04:50',
    'SPI flash ID 0x012018, size 16MB, block size 64KB, write buffer 256, flags 0x0',
    'Dual flash detected.  Size is 32MB.',
    'parameter offset is 49944',
    '',
    'Signature/PID: a0e8',
    '',
  ) +
  IMAGES.map(imageBlock).join('') +
  lines('');

export const QUESTION = lines("Enter '1', '2', or 'p' within 2 seconds or take default...");

/** Prompts on the way to the menu: padded to 38 columns, CR keeps what stands in brackets. */
export const BOARD_PROMPTS = [
  'Board IP Address  [0.0.0.0]:',
  'Board IP Mask     [255.255.255.0]:',
  'Board IP Gateway  [0.0.0.0]:',
  'Board MAC Address [00:10:18:ff:ff:ff]:',
].map((prompt) => prompt.padEnd(39));
export const PHY_PROMPT = '\r\nInternal/External phy? (e/i/a)[a]';
export const ETHERNET = lines(
  'Switch detected: 53125',
  'ProbePhy: Found PHY 0, MDIO on MAC 0, data on MAC 0',
  'Using GMAC0, phy 0',
  '',
  'Enet link up: 1G full',
  '',
);

export const MENU = lines(
  '',
  'Main Menu:',
  '==========',
  '  b) Boot from flash',
  '  g) Download and run from RAM',
  '  d) Download and save to flash',
  '  e) Erase flash sector',
  '  m) Set mode',
  '  s) Store bootloader parameters to flash',
  '  i) Re-init ethernet',
  '  p) Print flash partition map',
  '  r) Read memory',
  '  w) Write memory',
  '  j) Jump to arbitrary address',
  '  X) Erase all of flash except the bootloader',
  '  z) Reset',
  '',
);

export const PARTITION_MAP = lines(
  '',
  'Flash Partition information:',
  '',
  'Name           Size           Offset',
  '=====================================',
  'bootloader   0x00010000     0x00000000',
  'image1       0x007d0000     0x00020000',
  'image2       0x007c0000     0x00800000',
  'linux        0x00800000     0x01000000',
  'linuxapps    0x00600000     0x01800000',
  'permnv       0x00010000     0x00010000',
  'dhtml        0x00200000     0x01e00000',
  'dynnv        0x00040000     0x00fc0000',
  'vennv        0x00010000     0x007f0000',
);

/** From the end of the wait to the jump into the image. */
export const bootOf = (image: 1 | 2) =>
  lines(
    '',
    'Performing CRC on Image 3...',
    'CRC time = 282673980',
    'Detected LZMA compressed image... decompressing... ',
    'Target Address: 0x84010000',
    'decompressSpace is 0x8000000',
    'Detected dual image header.  Decompressing first image...',
    'Elapsed time 1262548150',
    'Decompressed length: 4169216',
    'Done Copying Root File System...',
    'Copying partition table to 0x87fff7f0 9',
    '',
    `Performing CRC on Image ${image}...`,
    'CRC time = 105804210',
    'Detected LZMA compressed image... decompressing... ',
    'Target Address: 0x80004000',
    'decompressSpace is 0x8000000',
    'Elapsed time 2048846090',
    'Decompressed length: 15007648',
    '',
    `Executing Image ${image}...`,
    '',
  );

const stamp = (second: number) => `[00:00:${String(second).padStart(2, '0')} 01/01/1970]`;

/** eCos with the cable modem application; line ends are LF CR in its first part, and a NUL slips in. */
export const ECOS_BOOT = [
  ' eCos - hal_diag_init\n\r',
  "Init device '/dev/ttydiag'\n\rInit tty channel: 80d6ac08\n\rInit device '/dev/tty0'\n\r",
  'Reading Permanent settings from non-vol...\n\rChecksum for permanent settings:  0x5c3a7e11\n\r',
  'Settings were read and verified.\n\r\n\rReading Dynamic settings from non-vol...\n\r',
  'Settings were read and verified.\0\n\r\n\r',
  "If you pressed the 's' key before this point, we will skip driver initialization...\n\r",
  `${stamp(1)} [tStartup] BcmBfcStdEmtaFlashDevice::Init:  (Flash) 2 devices, 32 MB\r\n`,
  `${stamp(3)} [tStartup] BcmCmDocsisCtlThread::Start:  (CmDocsisCtlThread) starting\r\n`,
  `${stamp(4)} [Reset/Standby Switch Thread] ResetSwitch::Main:  (Switch) GPIO 18 is high\r\n`,
  `${stamp(6)} [Scan Downstream Thread] BcmGenericCmDownstreamScanThread::ThreadMain:  (Scan Downstream Thread) Scanning for a Downstream Channel...\r\n`,
] as const;

/** What the eCos side says again and again without a cable. */
export const scanLine = (megahertz: number) => `Scanning DS Channel at ${megahertz}000000 Hz...(from scan list)\r\n`;

/** The Linux side, from its first line to the login prompt. */
export const LINUX_BOOT = [
  'Linux version 2.6.30-V2.06.05u (builder@simulator) (gcc version 4.2.3) #1 Thu Oct 17 10:21:44 CST 2013\r\n',
  'BCM338332 prom init\r\nCPU revision is: 0002a070 (Broadcom4350)\r\n',
  'Determined physical RAM map:\r\n memory: 03c00000 @ 04000000 (usable)\r\n',
  'Zone PFN ranges:\r\n  DMA      0x00004000 -> 0x00005000\r\n  Normal   0x00005000 -> 0x00007c00\r\n',
  'Kernel command line: root=31:0 ro noinitrd console=ttyS0,115200\r\n',
  'Memory: 55780k/61440k available (2986k kernel code, 5576k reserved, 698k data, 156k init, 0k highmem)\r\n',
  'Calibrating delay loop... 318.46 BogoMIPS (lpj=159232)\r\n',
  'NET: Registered protocol family 16\r\n',
  'squashfs: version 4.0 (2009/01/31) Phillip Lougher\r\n',
  'serial8250: bcm63xx_uart at MMIO 0xb4e00520 (irq = 9) is a BCM63XX\r\n',
  'brcm_flash: 2 parts on flash bank 1\r\n',
  'Creating 2 MTD partitions on "bcm33xx_spi":\r\n0x000001000000-0x000001800000 : "linux"\r\n0x000001800000-0x000001e00000 : "linuxapps"\r\n',
  'VFS: Mounted root (squashfs filesystem) readonly on device 31:0.\r\nFreeing unused kernel memory: 156k freed\r\n',
  'init started: BusyBox v1.10.2 (2013-10-17 10:20:03 CST)\r\n',
  'eth0: link up, 1000 Mbps\r\nbr0: port 1(eth0) entering forwarding state\r\n\r\n',
] as const;

/** What the exception handler of the bootloader prints before it starts again. */
export const crashDump = (address: number) =>
  lines(
    '',
    '******************** CRASH ********************',
    '',
    'EXCEPTION TYPE: 4/Load address error',
    'TP0',
    'r00/00 = 00000000 r01/at = 87f90000 r02/v0 = 00000000 r03/v1 = 00000001 ',
    'r04/a0 = 83f8b5d4 r05/a1 = 00000000 r06/a2 = 00000000 r07/a3 = 00000000 ',
    'pc   : 0x83f8601c sr  : 0x10000003',
    `cause: 0x00000010 addr: 0x${(address >>> 0).toString(16).padStart(8, '0')}`,
    '',
  );
