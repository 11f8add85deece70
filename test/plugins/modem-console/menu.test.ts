import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enterMenu, MENU_AWAITED, menuAnswers } from '../../../plugins/modem-console/menu.ts';
import {
  BANNER,
  BOARD_PROMPTS,
  bootOf,
  ECOS_BOOT,
  ETHERNET,
  MENU,
  PHY_PROMPT,
  QUESTION,
} from '../../../plugins/modem-console/simulator/transcripts.ts';

/** What the modem prints, each part only after the answer to the one before. */
const PARTS = [BANNER + QUESTION, ...BOARD_PROMPTS, PHY_PROMPT, ETHERNET + MENU];

/** Feeds each part cut into pieces; answers what was sent after which part. */
function play(parts: readonly string[], cuts: readonly number[] = []) {
  let entry = MENU_AWAITED;
  const sent = parts.map((part) => {
    let answers = '';
    let rest = part;
    for (const cut of [...cuts, part.length]) {
      const step = enterMenu(entry, rest.slice(0, cut));
      rest = rest.slice(cut);
      entry = step.entry;
      answers += step.send ?? '';
    }
    return answers;
  });
  return { entry, sent };
}

describe('the way into the menu', () => {
  it('answers each prompt once, after it was seen, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 }), (cuts) => {
        const { entry, sent } = play(PARTS, cuts);
        expect(sent).toEqual(['p', '\r', '\r', '\r', '\r', '\r', '']);
        expect(entry).toMatchObject({
          isOpen: true,
          answered: ['choice', 'ip', 'mask', 'gateway', 'mac', 'phy'],
          missed: 0,
        });
      }),
    );
  });

  it('sends nothing while nothing is asked', () => {
    expect(play([BANNER, ...ECOS_BOOT, 'CG3100D login: ']).sent.join('')).toBe('');
  });

  it('waits for the next boot when one ran past the question', () => {
    const { entry, sent } = play([`${BANNER}${QUESTION}. . ${bootOf(2)}`, ...PARTS]);
    expect(sent).toEqual(['', 'p', '\r', '\r', '\r', '\r', '\r', '']);
    expect(entry).toMatchObject({ isOpen: true, missed: 1 });
  });

  it('begins anew when the modem does, in the middle of the prompts', () => {
    const { entry, sent } = play([PARTS[0] ?? '', PARTS[1] ?? '', ...PARTS]);
    expect(sent.join('')).toBe('p\rp\r\r\r\r\r');
    expect(entry.isOpen).toBe(true);
  });

  it('never answers a question that could cost something', () => {
    const questions = ['Are you sure you want to do this? [n] ', 'Store parameters to flash? [n] ', 'Hex value: '];
    for (const question of questions) expect(play([...PARTS.slice(0, 3), `\r\n${question}`]).sent[3]).toBe('');
  });

  it('knows an open menu by its answer to a CR', () => {
    expect(menuAnswers(MENU)).toBe(true);
    expect(menuAnswers('\r\nUnrecognized command.\r\n')).toBe(true);
    expect(menuAnswers(MENU.slice(0, -40))).toBeUndefined();
  });
});
