const DAY_MS = 86_400_000;
const GIB = 2 ** 30;
/** Prices are per month; services bill by the hour of a 30-day month. */
const MONTH_DAYS = 30;

/**
 * Days for which a storage class bills an object at least, also when it is deleted or replaced earlier. Google: its
 * "Storage classes" page; Amazon: its storage class table.
 */
const LEAST_DAYS: Readonly<Record<string, number>> = {
  NEARLINE: 30,
  COLDLINE: 90,
  ARCHIVE: 365,
  STANDARD_IA: 30,
  ONEZONE_IA: 30,
  GLACIER_IR: 90,
  GLACIER: 90,
  DEEP_ARCHIVE: 180,
};

export const leastDays = (storageClass: string | undefined): number => LEAST_DAYS[storageClass ?? ''] ?? 0;

/** USD per GiB and month; others differ by region and are the user's to tell. */
export const knownPrice = (storageClass: string | undefined): number | undefined =>
  storageClass === 'NEARLINE' ? 0.01 : undefined;

/** A copy that is to be replaced. */
export interface OldCopy {
  readonly size: number;
  /** Epoch ms. */
  readonly stored: number;
}

/** What replacing copies now costs: the rest of their least time. In the currency of `pricePerGib`. */
export function earlyFee(copies: readonly OldCopy[], days: number, pricePerGib: number, now: number): number {
  return copies.reduce((sum, { size, stored }) => {
    const rest = Math.max(0, days - (now - stored) / DAY_MS);
    return sum + (size / GIB) * pricePerGib * (rest / MONTH_DAYS);
  }, 0);
}
