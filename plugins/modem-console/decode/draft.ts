import { checkBoot, checkHcs } from '../checks.ts';
import { isDual } from '../programstore.ts';
import type { Boot, BootEvent, EventName, Role } from './boot.ts';
import { type Banner, EMPTY_BANNER } from './bootloader.ts';
import { ImageBlocks } from './images.ts';
import { PartitionMap } from './map.ts';

/** Prompts and events of one boot beyond these are not kept: a modem may run for months after it. */
const MOST_PROMPTS = 100;
const MOST_EVENTS = 200;
/** Characters of a prompt or event. */
export const LONGEST_TEXT = 200;

/** A boot while it is being read. */
export class BootDraft {
  banner: Banner = EMPTY_BANNER;
  /** The last step of the banner seen; -1 before the first. */
  step = -1;
  linuxVersion: string | null = null;
  cmdline: string | null = null;
  readonly images = new ImageBlocks();
  readonly map = new PartitionMap();
  readonly #prompts = new Set<string>();
  readonly #events: BootEvent[] = [];
  readonly #happened = new Set<EventName>();

  constructor(
    readonly role: Role,
    /** Of the transcript. */
    readonly line: number,
  ) {}

  addPrompt(text: string): void {
    if (this.#prompts.size < MOST_PROMPTS) this.#prompts.add(text.slice(0, LONGEST_TEXT));
  }

  addEvent(event: BootEvent): void {
    this.#happened.add(event.name);
    if (this.#events.length < MOST_EVENTS) this.#events.push(event);
  }

  has(name: EventName): boolean {
    return this.#happened.has(name);
  }

  /** As it stands now. */
  finish(): Boot {
    const { version, flags, date, time, total, ...banner } = this.banner;
    const built = date === null ? null : `${date}T${time ?? '00:00:00'}`;
    const bootloader = version === null && built === null ? null : { version, flags, built };
    const partitions = this.map.partitions;
    const flash_bytes = total ?? banner.spi?.size ?? null;
    const known = [...this.images.headers]
      .sort(([a], [b]) => a - b)
      .map(([index, header]) => ({ index, ...header, offset: this.images.offsets.get(index) ?? null }));
    const images = known.map((image) => ({
      ...image,
      dual: image.control === null ? null : isDual(Number.parseInt(image.control, 16)),
      ...checkHcs(image),
    }));
    return {
      role: this.role,
      line: this.line,
      ...banner,
      bootloader,
      flash_bytes,
      images,
      partitions,
      ...(this.role === 'linux' && { linux: { version: this.linuxVersion, cmdline: this.cmdline } }),
      prompts: [...this.#prompts],
      events: [...this.#events],
      checks: checkBoot({ images: known, partitions, flash_bytes }),
    };
  }
}
