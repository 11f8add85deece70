import { fahrenheit, feet, inches, inHg, kmh, mph } from './units.ts';

/** How people read weather; topics and the database stay metric. */
export const DISPLAY_UNITS = ['metric', 'imperial', 'uk'] as const;
export type DisplayUnits = (typeof DISPLAY_UNITS)[number];

export interface Quantity {
  readonly unit: string;
  readonly digits: number;
  readonly convert: (value: number) => number;
}

type Kind = 'temperature' | 'rain' | 'wind' | 'pressure' | 'elevation';
const same = (value: number) => value;
const quantity = (unit: string, digits: number, convert = same): Quantity => ({ unit, digits, convert });

const METRIC: Record<Kind, Quantity> = {
  temperature: quantity('°C', 1),
  rain: quantity('mm', 1),
  wind: quantity('km/h', 1, kmh),
  pressure: quantity('hPa', 1),
  elevation: quantity('m', 0),
};
export const UNIT_SYSTEMS: Record<DisplayUnits, Record<Kind, Quantity>> = {
  metric: METRIC,
  uk: { ...METRIC, wind: quantity('mph', 1, mph) },
  imperial: {
    temperature: quantity('°F', 1, fahrenheit),
    rain: quantity('in', 2, inches),
    wind: quantity('mph', 1, mph),
    pressure: quantity('inHg', 2, inHg),
    elevation: quantity('ft', 0, feet),
  },
};

/** How to show a value whose topic has the metric `unit`. */
export function quantityOf(unit: string, units: DisplayUnits): Quantity {
  const system = UNIT_SYSTEMS[units];
  switch (unit) {
    case '°C':
      return system.temperature;
    case 'm/s':
      return system.wind;
    case 'hPa':
      return system.pressure;
    case 'mm':
      return system.rain;
    case 'mm/h':
      return { ...system.rain, unit: `${system.rain.unit}/h` };
    default:
      return quantity(unit, 0);
  }
}

export function showValue(value: number, { unit, digits, convert }: Quantity): string {
  return `${convert(value).toFixed(digits)} ${unit}`;
}
