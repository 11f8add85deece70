export const median = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** To one decimal, as times and shares are shown. */
export const tenths = (value: number): number => Math.round(value * 10) / 10;
