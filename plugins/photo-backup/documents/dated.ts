import type { Target } from '../targets/target.ts';

/**
 * `index~2026-11-22.html`: what a document is called where the target lets nothing be replaced.
 * @param date `YYYY-MM-DD`
 */
export function datedName(key: string, date: string): string {
  const { base, end } = parted(key);
  return `${base}~${date}${end}`;
}

/** The newest version of a document at a target, dated or not. */
export async function newestOf(target: Target, key: string, signal: AbortSignal): Promise<string | undefined> {
  const { base, end } = parted(key);
  let newest: string | undefined;
  for await (const { key: found } of target.list(base, signal)) {
    const middle = found.slice(base.length, found.length - end.length);
    const isVersion = found === key || (found.endsWith(end) && /^~\d{4}-\d\d-\d\d$/.test(middle));
    // `~` sorts after `.`, and dates sort as text.
    if (isVersion && (newest === undefined || found > newest)) newest = found;
  }
  return newest;
}

function parted(key: string): { base: string; end: string } {
  const dot = key.lastIndexOf('.');
  return { base: key.slice(0, dot), end: key.slice(dot) };
}
