import type { ShownValue } from 'cupboard/sdk/panel';

export type Units = 'metric' | 'imperial' | 'uk';

interface Conversion {
  readonly unit: string;
  readonly convert: (value: number) => number;
}

const fahrenheit: Conversion = { unit: '°F', convert: (celsius) => celsius * 1.8 + 32 };
const milesPerHour: Conversion = { unit: 'mph', convert: (metresPerSecond) => metresPerSecond / 0.44704 };
const scaled = (unit: string, factor: number): Conversion => ({ unit, convert: (value) => value * factor });

/** Topics are metric; a unit that is not listed is shown as it is published. */
const CONVERSIONS: Readonly<Record<Units, Readonly<Record<string, Conversion>>>> = {
  metric: {},
  uk: { 'm/s': milesPerHour, 'km/h': scaled('mph', 1 / 1.609344) },
  imperial: {
    '°C': fahrenheit,
    K: { unit: '°F', convert: (kelvin) => (kelvin - 273.15) * 1.8 + 32 },
    'm/s': milesPerHour,
    'km/h': scaled('mph', 1 / 1.609344),
    hPa: scaled('inHg', 1 / 33.8638866667),
    mm: scaled('in', 1 / 25.4),
    'mm/h': scaled('in/h', 1 / 25.4),
    m: scaled('ft', 1 / 0.3048),
    km: scaled('mi', 1 / 1.609344),
  },
};

const DECIMALS: Readonly<Record<string, number>> = {
  '°C': 1,
  '°F': 1,
  '%': 0,
  '°': 0,
  hPa: 1,
  inHg: 2,
  'm/s': 1,
  mph: 1,
  'km/h': 1,
  mm: 1,
  'mm/h': 1,
  in: 2,
  'in/h': 2,
};
const OTHER_DECIMALS = 2;

/** Without a space in front: `45%` and `180°` are read as one word. */
const CLOSE_UNITS = new Set(['%', '°']);

export function showValue(value: number, unit: string, units: Units): ShownValue {
  const conversion = CONVERSIONS[units][unit];
  const shownUnit = conversion?.unit ?? unit;
  const converted = conversion ? conversion.convert(value) : value;
  const decimals = DECIMALS[shownUnit] ?? OTHER_DECIMALS;
  const rounded = Number(converted.toFixed(decimals));
  const number = rounded.toLocaleString(undefined, {
    minimumFractionDigits: DECIMALS[shownUnit] ?? 0,
    maximumFractionDigits: decimals,
    // Without a unit it may well be an id or a count of something: 3,066 is not how those are written.
    useGrouping: shownUnit !== '',
  });
  const space = shownUnit === '' || CLOSE_UNITS.has(shownUnit) ? '' : '\u00a0';
  return { value: rounded, unit: shownUnit, text: `${number}${space}${shownUnit}` };
}
