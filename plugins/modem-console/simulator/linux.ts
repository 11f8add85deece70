import { setTimeout as sleep } from 'node:timers/promises';
import { LINUX_BOOT } from './transcripts.ts';
import type { Uart } from './uart.ts';

/** ms between two groups of lines, about what a slow kernel takes. */
const PAUSE = 150;

/** The router side: the kernel's start, then a login prompt that nobody gets past. */
export async function runLinux(uart: Uart, signal: AbortSignal): Promise<void> {
  for (const text of LINUX_BOOT) {
    await uart.print(text, signal);
    await sleep(PAUSE, undefined, { signal });
  }
  for (;;) {
    await uart.print('CG3100D login: ', signal);
    await uart.line(signal);
    await uart.print('Password: ', signal);
    await uart.line(signal, false);
    await uart.print('Login incorrect\r\n\r\n', signal);
  }
}
