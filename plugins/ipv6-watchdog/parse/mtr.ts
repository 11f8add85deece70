export interface Hop {
  readonly number: number;
  /** Name or address; undefined when it never answered. */
  readonly host?: string;
  /** Percent. */
  readonly loss: number;
  /** Round trip in ms; undefined when it never answered. */
  readonly average?: number;
}

const ROW =
  /^\s*(\d+)\.\s*\|--\s+(.+?)\s+(\d+(?:\.\d+)?)%?\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$/;

/** Reads `mtr -r` as printed, headings and all. A row that lost everything has no time, whatever zeros it shows. */
export function parseMtrReport(text: string): Hop[] {
  return text
    .split('\n')
    .map((line) => ROW.exec(line))
    .filter((row) => row !== null)
    .map(([, number, host, loss, , , average]) => hop(Number(number), host ?? '', Number(loss), Number(average)));
}

/**
 * Reads `mtr --json`. Older builds print every number as text; an unresolvable name prints nothing, and so do all hops
 * that never answered: both give an empty list.
 */
export function parseMtrJson(text: string): Hop[] {
  if (text.trim() === '') return [];
  const { report } = JSON.parse(text) as { report?: { hubs?: readonly Record<string, unknown>[] } };
  return (report?.hubs ?? []).map((hub) =>
    hop(Number(hub['count']), String(hub['host']), Number(hub['Loss%']), Number(hub['Avg'])),
  );
}

function hop(number: number, host: string, loss: number, average: number): Hop {
  const silent = host === '???' || loss >= 100;
  return { number, loss, ...(host !== '???' && { host }), ...(!silent && { average }) };
}
