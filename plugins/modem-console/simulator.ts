/**
 * Answers the pseudo-terminal on which a simulated UART speaks.
 * @throws Error when this machine lacks what a pseudo-terminal needs
 */
export async function openSimulator(uart: 'cm' | 'linux', _signal: AbortSignal): Promise<string> {
  throw new Error(`no simulated UART ${uart}`);
}
