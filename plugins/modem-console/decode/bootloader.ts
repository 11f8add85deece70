import type { Spi } from './boot.ts';

/** What the banner says so far. */
export interface Banner {
  chip: string | null;
  chip_id: string | null;
  mem_mib: number | null;
  version: string | null;
  flags: readonly string[];
  date: string | null;
  time: string | null;
  spi: Spi | null;
  total: number | null;
  parameter_offset: number | null;
  pid: string | null;
}

export const EMPTY_BANNER: Readonly<Banner> = {
  chip: null,
  chip_id: null,
  mem_mib: null,
  version: null,
  flags: [],
  date: null,
  time: null,
  spi: null,
  total: null,
  parameter_offset: null,
  pid: null,
};

interface BannerLine {
  readonly pattern: RegExp;
  /** True where nothing but a start prints this line. */
  readonly starts?: boolean;
  readonly read: (groups: readonly string[], banner: Banner) => Partial<Banner>;
}

const MIB = 1024 * 1024;
const bytes = (count: string, unit: string) => Number(count) * (unit === 'MB' ? MIB : 1024);

/** In the order printed; unknown lines may stand between any two. */
const BANNER: readonly BannerLine[] = [
  // May stand at the end of a line that a reset cut off. The digits look like progress codes (not confirmed).
  { pattern: /(BCM\w{4,10}) TP\d+ \d+/, starts: true, read: ([chip = '']) => ({ chip }) },
  { pattern: /^\s*Reset Switch - (?:Low|High) GPIO-\d+/, starts: true, read: () => ({}) },
  { pattern: /(?<!\w)MemSize:\s+(\d+) M$/, starts: true, read: ([size]) => ({ mem_mib: Number(size) }) },
  { pattern: /(?<!\w)Chip ID:\s+(BCM\S+)$/, starts: true, read: ([id = '']) => ({ chip_id: id }) },
  {
    pattern: /(?<!\w)BootLoader Version: (\S+)(.*)$/,
    starts: true,
    read: ([version = '', flags = '']) => ({ version, flags: splitFlags(flags) }),
  },
  {
    pattern: /(?<!\w)Build Date: ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{4})$/,
    read: ([month = '', day = '', year = '']) => ({ date: isoDate(year, month, day) }),
  },
  { pattern: /(?<!\w)Build Time: (\d\d:\d\d:\d\d)$/, read: ([time = '']) => ({ time }) },
  {
    pattern:
      /(?<!\w)SPI flash ID 0x([\da-f]{6}), size (\d+)([MK]B), block size (\d+)(KB), write buffer (\d+), flags 0x([\da-f]+)$/i,
    read: ([id = '', size = '', unit = '', block = '', blockUnit = '', buffer, flags = '']) => ({
      spi: {
        id: Number.parseInt(id, 16),
        size: bytes(size, unit),
        block: bytes(block, blockUnit),
        write_buffer: Number(buffer),
        flags: Number.parseInt(flags, 16),
      },
    }),
  },
  {
    pattern: /(?<!\w)Dual flash detected\.\s+Size is (\d+)([MK]B)\./,
    read: ([size = '', unit = '']) => ({ total: bytes(size, unit) }),
  },
  { pattern: /(?<!\w)parameter offset is (\d+)$/, read: ([offset]) => ({ parameter_offset: Number(offset) }) },
  { pattern: /(?<!\w)Signature\/PID: ([\da-f]{4})$/i, read: ([pid = '']) => ({ pid }) },
];

/** A line of the banner; `undefined` where it is none. */
export interface BannerMatch {
  /** Its place in the order of printing. */
  readonly step: number;
  readonly starts: boolean;
  readonly apply: (banner: Banner) => Banner;
}

export function matchBanner(text: string): BannerMatch | undefined {
  for (const [step, { pattern, starts = false, read }] of BANNER.entries()) {
    const match = pattern.exec(text);
    if (match) return { step, starts, apply: (banner) => ({ ...banner, ...read(match.slice(1), banner) }) };
  }
  return undefined;
}

/** Build flags are single words but for this one. */
function splitFlags(text: string): string[] {
  return text.match(/reduced DDR drive|\S+/g) ?? [];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function isoDate(year: string, month: string, day: string): string | null {
  const number = MONTHS.indexOf(month) + 1;
  return number === 0 ? null : `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}`;
}
