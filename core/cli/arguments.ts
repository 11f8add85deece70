import { InvalidArgumentError } from 'commander';
import { parseAddress } from '../support/ports.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `7d`, `12h`, `30m`: that long ago; or a date. Answers epoch ms. */
export function parseSince(text: string, now = Date.now()): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  const ms = count !== undefined && unit !== undefined ? now - Number(count) * (UNIT_MS[unit] ?? 0) : Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError(
    `expected a time span such as 7d, 12h or 30m, or a date such as 2026-11-01, got "${text}"`,
  );
}

export function parseListen(text: string): string {
  if (parseAddress(text)) return text;
  throw new InvalidArgumentError(`expected HOST:PORT, such as 127.0.0.1:8484, got "${text}"`);
}

export function parseJsonObject(text: string): object {
  const value = parseJson(text);
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  throw new InvalidArgumentError(`expected a JSON object, such as '{"hex":"01..."}', got ${text}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A whole number from `least` to `most`. */
export function parseInteger(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`expected an integer ${range}, got "${text}"`);
  };
}
