import { expect, test } from 'vitest';
import { showValue } from '../../../web/hub/units.ts';

test.each([
  [21.44, '°C', 'metric', '21.4\u00a0°C'],
  [21.44, '°C', 'imperial', '70.6\u00a0°F'],
  [-40, '°C', 'imperial', '-40.0\u00a0°F'],
  [10, 'm/s', 'metric', '10.0\u00a0m/s'],
  [10, 'm/s', 'uk', '22.4\u00a0mph'],
  [10, '°C', 'uk', '10.0\u00a0°C'],
  [1013.25, 'hPa', 'imperial', '29.92\u00a0inHg'],
  [25.4, 'mm', 'imperial', '1.00\u00a0in'],
  [48.6, '%', 'metric', '49%'],
  [12.345, 'V', 'metric', '12.35\u00a0V'],
  [7, '', 'metric', '7'],
  [3066, '', 'metric', '3066'],
  [101325, 'Pa', 'metric', '101,325\u00a0Pa'],
] as const)('%s %s reads in %s units as %s', (value, unit, units, text) => {
  expect(showValue(value, unit, units).text).toBe(text);
});

test('gives the rounded number and the unit apart', () => {
  expect(showValue(0.44, 'm/s', 'imperial')).toMatchObject({ value: 1, unit: 'mph' });
});
