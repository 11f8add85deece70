import { closeSync, openSync } from 'node:fs';

/** The caller's terminal, for the shells of `break=`; `undefined` = there is none. */
export function openTerminal(): { readonly descriptor: number; close(): void } | undefined {
  try {
    const descriptor = openSync('/dev/tty', 'r+');
    return { descriptor, close: () => closeSync(descriptor) };
  } catch {
    return undefined;
  }
}
