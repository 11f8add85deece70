import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Boot, EventName } from '../../../plugins/modem-console/decode/boot.ts';
import { TranscriptDecoder } from '../../../plugins/modem-console/decode.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/modem-console/${name}`, import.meta.url));

/** The boot log of a CG3100D-2's first UART, as bytes and as text. */
export const CM = fixture('cg3100d2-cm.txt');
export const text = CM.toString('latin1');
export const ECOS = fixture('bcm3383-ecos.txt').toString('latin1');
export const LINUX = fixture('cg3100d2-linux.txt').toString('latin1');

/** The boots in chunks of a transcript; text is Latin-1. */
export function decode(...chunks: (string | Uint8Array)[]): Boot[] {
  const boots: Boot[] = [];
  const decoder = new TranscriptDecoder((boot) => boots.push(boot));
  for (const chunk of chunks) decoder.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  decoder.end();
  return boots;
}
/** The one boot there is. */
export const only = (boots: Boot[]): Boot => {
  expect(boots).toHaveLength(1);
  return boots[0] as Boot;
};
export const names = (boot: Boot | undefined): EventName[] | undefined => boot?.events.map(({ name }) => name);
