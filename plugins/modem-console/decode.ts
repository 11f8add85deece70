import type { Boot, BootEvent, EventName, Phase, Role } from './decode/boot.ts';
import { type BannerMatch, matchBanner } from './decode/bootloader.ts';
import { BootDraft, LONGEST_TEXT } from './decode/draft.ts';
import { isImageTitle } from './decode/images.ts';
import { isMapTitle } from './decode/map.ts';
import { matchPrompt, type Prompt } from './decode/prompts.ts';
import { type Line, LineSplitter } from './lines.ts';

export interface DecodeListener {
  /** Something happened, in the current boot if there is one. */
  readonly onEvent?: (event: BootEvent, line: Line) => void;
  /** A boot is over: another began, or the stream ended. */
  readonly onBoot?: (boot: Boot) => void;
}

/** Boots in a row without an end after which they are a loop. */
const LOOP_BOOTS = 3;
/** Lines after which a boot has got somewhere, even if nobody saw its end: an eCos that only scans prints thousands. */
const LOOP_LINES = 3_000;

/** Lines that say what happens, in either phase of a cable modem. */
const CRASHES: readonly RegExp[] = [
  /\*{8,} ?CRASH/,
  />>> YIKES/,
  /Kernel panic - not syncing/,
  /Unable to handle kernel/,
  /(?<!\w)Oops\b/,
  /(?<!\w)BUG:/,
  /Out of memory/,
];
const IMAGE_FAILED =
  /HCS failed on Image \d+|Image \d+ signature does not match!|Image \d+ CRC failed!|Error getting image from flash!|Unable to load selected image\./;
const LOOP_LINE = /Failed to load an image!\s+Rebooting/;
const EXECUTING = /^Executing Image \d+\.\.\.$/;
const ECOS_STARTS = /^\s*eCos - hal_diag_init/;
const CONSOLE_DISABLED = /Console (?:in|out)put has been disabled in non-vol/;
const MENU = /^\s*Main Menu:$/;
// At power-on the line may begin with noise.
const LINUX_VERSION = /(?:^|[^ -~])Linux version (\S+)/;
const CMDLINE = /(?:^|[^ -~])Kernel command line: (.*)$/;
/** What a kernel, eCos or the terminal program that saved a transcript puts before a line. */
const STAMP = /^\[[ \d:./T+Z-]+\] ?/;

/**
 * Understands the console of a Broadcom cable modem: lines in, boots and events out. Whatever it does not know, damaged
 * lines too, it passes over.
 */
export class BootDecoder {
  phase: Phase | undefined;
  #draft: BootDraft | undefined;
  /** Boots of this kind in a row that nobody saw the end of. */
  #unfinished = 0;
  /** The line whose prompt has been told already, while it had not ended. */
  #prompted = 0;

  constructor(private readonly listener: DecodeListener = {}) {}

  /** The boot being read, as far as it is known; `undefined` before the first. */
  current(): Boot | undefined {
    return this.#draft?.finish();
  }

  take(stamped: Line): void {
    const line = withoutStamp(stamped);
    if (line.text === '') return;
    if (this.#takeStart(line)) return;
    this.#takePrompt(line);
    this.#takeHappening(line);
    this.#takeTables(line);
  }

  /** Looks for a prompt in a line that has not ended; to be asked when nothing has come for a moment. */
  peek(line: Line): void {
    this.#takePrompt(withoutStamp(line));
  }

  /** The stream is over. */
  end(): void {
    if (this.#draft) this.listener.onBoot?.(this.#draft.finish());
    this.#draft = undefined;
    this.phase = undefined;
  }

  /** A line that a start prints: true where it was one. */
  #takeStart(line: Line): boolean {
    const banner = matchBanner(line.text);
    if (banner) return this.#takeBanner(banner, line);
    const version = LINUX_VERSION.exec(line.text);
    if (version) this.#begin('linux', line).linuxVersion = version[1] ?? null;
    const cmdline = CMDLINE.exec(line.text);
    if (cmdline) {
      const draft = this.#draft;
      const current = draft?.role === 'linux' && draft.cmdline === null ? draft : this.#begin('linux', line);
      current.cmdline = cmdline[1] ?? null;
    }
    return version !== null || cmdline !== null;
  }

  #takeBanner({ starts, step, apply }: BannerMatch, line: Line): boolean {
    const draft = this.#draft;
    const inBanner = draft?.role === 'cm' && this.phase === 'bootloader';
    // Later on others print such lines too: only those that nothing but a start prints count there.
    if (draft && !inBanner && !starts) return false;
    const again = starts && (step === 0 || step < (draft?.step ?? -1));
    const current = draft && inBanner && !again ? draft : this.#begin('cm', line);
    current.banner = apply(current.banner);
    current.step = Math.max(current.step, step);
    return true;
  }

  #takePrompt(line: Line): void {
    if (line.number === this.#prompted) return;
    const prompt = matchPrompt(line.text);
    if (!prompt) return;
    this.#prompted = line.number;
    this.#draft?.addPrompt(prompt.text);
    if (prompt.kind === 'bootloader') return;
    if (this.phase !== 'silent') this.phase = phaseAfter(prompt);
    this.#finishBoot(line, prompt.text);
    if (prompt.kind === 'login') this.#tell('login_prompt', line, prompt.text);
  }

  #takeHappening(line: Line): void {
    const { text } = line;
    if (CRASHES.some((pattern) => pattern.test(text))) {
      if (this.phase !== 'crashed') this.#tell('crash', line, text);
      this.phase = 'crashed';
    } else if (IMAGE_FAILED.test(text)) {
      this.#tell('image_failed', line, text);
    } else if (LOOP_LINE.test(text)) {
      this.#tellLoop(line, text);
    } else if (EXECUTING.test(text) || ECOS_STARTS.test(text)) {
      this.#ensureModem(line);
      this.phase = 'ecos';
      if (EXECUTING.test(text)) this.#tell('executing_image', line, text);
    } else if (CONSOLE_DISABLED.test(text)) {
      this.#tell('console_disabled', line, text);
      this.#finishBoot(line, text);
      this.phase = 'silent';
    } else if (MENU.test(text)) {
      this.#ensureModem(line);
      if (this.phase !== 'menu') this.#tell('menu', line, text);
      this.phase = 'menu';
    }
  }

  #takeTables(line: Line): void {
    // The capture may have begun in the middle of a boot.
    if (isImageTitle(line.text) || isMapTitle(line.text)) this.#ensureModem(line);
    const draft = this.#draft;
    if (draft?.role !== 'cm') return;
    if (draft.images.take(line.text) || MENU.test(line.text)) draft.map.end();
    else draft.map.take(line.text);
  }

  #ensureModem(line: Line): void {
    if (this.#draft?.role !== 'cm') this.#begin('cm', line);
  }

  #begin(role: Role, line: Line): BootDraft {
    const last = this.#draft;
    const draft = new BootDraft(role, line.number);
    const isShort = last?.role === role && draft.line - last.line < LOOP_LINES;
    // Who was in the menu has let the modem start anew.
    const failed = isShort && !last?.has('boot_finished') && !last?.has('menu');
    this.#unfinished = failed ? this.#unfinished + 1 : 0;
    if (last) this.listener.onBoot?.(last.finish());
    this.#draft = draft;
    this.phase = role === 'cm' ? 'bootloader' : 'linux';
    this.#tell('boot_started', line, line.text);
    if (this.#unfinished + 1 >= LOOP_BOOTS) {
      this.#tellLoop(line, `boot ${this.#unfinished + 1} in a row that did not finish`);
    }
    return draft;
  }

  #finishBoot(line: Line, text: string): void {
    if (this.#draft && !this.#draft.has('boot_finished')) this.#tell('boot_finished', line, text);
  }

  #tellLoop(line: Line, text: string): void {
    if (!this.#draft?.has('boot_loop')) this.#tell('boot_loop', line, text);
  }

  #tell(name: EventName, line: Line, text: string): void {
    const event = { name, line: line.number, text: text.trim().slice(0, LONGEST_TEXT) };
    this.#draft?.addEvent(event);
    this.listener.onEvent?.(event, line);
  }
}

const withoutStamp = (line: Line): Line => ({ ...line, text: line.text.replace(STAMP, '') });

const phaseAfter = ({ kind }: Prompt): Phase => (kind === 'ecos' ? 'console' : 'login');

/** Decodes a transcript as it is fed, in chunks of any size. */
export class TranscriptDecoder {
  readonly #decoder: BootDecoder;
  readonly #lines: LineSplitter;

  constructor(onBoot: (boot: Boot) => void) {
    this.#decoder = new BootDecoder({ onBoot });
    this.#lines = new LineSplitter((line) => this.#decoder.take(line));
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    this.#decoder.end();
  }
}
