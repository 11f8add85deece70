/**
 * The way from a modem's power-on into its bootloader's menu: one key within two seconds, then a handful of prompts that
 * a bare CR answers. Pure: text in, what to send out, and nothing is sent for a prompt that was not seen.
 */

interface Prompt {
  readonly name: string;
  /** Matches at the end of what was received: the prompt is what it waits at. */
  readonly pattern: RegExp;
  readonly answer: string;
}

const PROMPTS: readonly Prompt[] = [
  { name: 'choice', pattern: /Enter '1', '2', or 'p' within \d+ seconds or take default\.\.\.[\s.]*$/, answer: 'p' },
  { name: 'ip', pattern: /Board IP Address\s+\[[^\]\r\n]*\]:[ \t]*$/, answer: '\r' },
  { name: 'mask', pattern: /Board IP Mask\s+\[[^\]\r\n]*\]:[ \t]*$/, answer: '\r' },
  { name: 'gateway', pattern: /Board IP Gateway\s+\[[^\]\r\n]*\]:[ \t]*$/, answer: '\r' },
  { name: 'mac', pattern: /Board MAC Address\s+\[[^\]\r\n]*\]:[ \t]*$/, answer: '\r' },
  { name: 'phy', pattern: /Internal\/External phy\? \([a-z/]+\)\[\w\][ \t]*$/, answer: '\r' },
];

/** The menu is complete: its heading, items, and the empty line after them. */
const MENU = /Main Menu:\s+=+\s[\s\S]*\) [^\r\n]+[\r\n]{2,}$/;
/** The wait is over, or the modem began anew. */
const PASSED = /Performing CRC on Image|Executing Image|eCos - hal_diag_init/;
const NEW_BOOT = /BootLoader Version:/g;
const LONGEST_TEXT = 4096;

/** An open menu answers a CR, which means nothing to it, by showing itself or by saying so. */
export const menuAnswers = (text: string): true | undefined =>
  MENU.test(text) || text.includes('Unrecognized command') || undefined;

export interface MenuEntry {
  /** The next prompt that is waited for, 0 = the question after power-on. */
  readonly step: number;
  /** Received and not yet made sense of. */
  readonly text: string;
  readonly isOpen: boolean;
  /** Boots that ran past the question. */
  readonly missed: number;
  /** Names of the prompts answered since the last power-on, in order. */
  readonly answered: readonly string[];
}

export const MENU_AWAITED: MenuEntry = { step: 0, text: '', isOpen: false, missed: 0, answered: [] };

/** Takes what was received; `send` is to be sent now. */
export function enterMenu(entry: MenuEntry, received: string): { readonly entry: MenuEntry; readonly send?: string } {
  if (entry.isOpen) return { entry };
  const text = (entry.text + received).slice(-LONGEST_TEXT);
  if (MENU.test(text)) return { entry: { ...entry, text: '', isOpen: true } };
  if (PASSED.test(text)) return { entry: { ...MENU_AWAITED, missed: entry.missed + 1 } };
  const from = entry.step > 0 && text.search(NEW_BOOT) >= 0 ? 0 : entry.step;
  const step = PROMPTS.findIndex(({ pattern }, index) => index >= from && pattern.test(text));
  const prompt = PROMPTS[step];
  if (!prompt) return { entry: { ...entry, step: from, text, answered: from === 0 ? [] : entry.answered } };
  const answered = step === 0 ? [prompt.name] : [...entry.answered, prompt.name];
  return { entry: { ...entry, step: step + 1, text: '', answered }, send: prompt.answer };
}
