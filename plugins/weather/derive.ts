import type { CommandResult, JsonObject } from 'cupboard/sdk';
import { apparentTemperature, beaufort, dewPoint, feelsLike, heatIndex, humidex, windChill } from './formulas.ts';
import { type SeaLevelMethod, seaLevelPressure } from './pressure.ts';

/** What the formulas are made for; beyond it an argument is a slip of the unit or of the finger. */
const ARGUMENTS = {
  temperature: { min: -90, max: 60, unit: '°C', required: true },
  humidity: { min: 0, max: 100, unit: '%', required: true },
  wind_speed: { min: 0, max: 120, unit: 'm/s', required: false },
  pressure: { min: 300, max: 1100, unit: 'hPa', required: false },
  elevation: { min: -430, max: 9000, unit: 'm', required: false },
} as const;
type Argument = keyof typeof ARGUMENTS;

/** Answers the command `derive`: every value that follows from the arguments, named as in `weather/current`. */
export function derive(
  args: JsonObject,
  around: { elevation: number | undefined; seaLevel: SeaLevelMethod },
): CommandResult {
  const refusal = Object.keys(ARGUMENTS)
    .map((name) => checkArgument(name as Argument, args[name]))
    .find(Boolean);
  if (refusal) return refusal;
  const {
    temperature,
    humidity,
    wind_speed: wind,
    pressure,
    elevation = around.elevation,
  } = args as {
    temperature: number;
    humidity: number;
  } & Partial<Record<Argument, number>>;
  const missing: Record<string, string> = {};
  const needWind = <T>(compute: (wind: number) => T, ...names: string[]): T | undefined => {
    if (wind !== undefined) return compute(wind);
    for (const name of names) missing[name] = 'needs wind_speed';
    return undefined;
  };
  const dew = dewPoint(temperature, humidity);
  const feels = feelsLike(temperature, humidity, wind);
  if (dew === null) missing['dew_point'] = 'none at a humidity of 0';
  if (feels === undefined) missing['feels_like'] = 'needs wind_speed at this temperature';
  if (pressure === undefined) missing['pressure_sea_level'] = 'needs pressure';
  else if (elevation === undefined) missing['pressure_sea_level'] = 'needs elevation: set it in location.elevation';
  const values = {
    dew_point: dew ?? undefined,
    wind_chill: needWind((speed) => windChill(temperature, speed), 'wind_chill'),
    heat_index: heatIndex(temperature, humidity),
    feels_like: feels,
    apparent_temperature: needWind(
      (speed) => apparentTemperature(temperature, humidity, speed),
      'apparent_temperature',
    ),
    humidex: humidex(temperature, humidity),
    beaufort: needWind(beaufort, 'beaufort'),
    pressure_sea_level:
      pressure === undefined || elevation === undefined
        ? undefined
        : seaLevelPressure(around.seaLevel, pressure, elevation, { temperature }),
  };
  return {
    ok: true,
    ...(Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, Number(value.toFixed(6))]],
      ),
    ) as Record<string, number>),
    ...(Object.keys(missing).length > 0 ? { missing } : {}),
  };
}

function checkArgument(name: Argument, value: unknown): CommandResult | undefined {
  const { min, max, unit, required } = ARGUMENTS[name];
  if (value === undefined && !required) return undefined;
  if (typeof value === 'number' && value >= min && value <= max) return undefined;
  const error = value === undefined ? `${name} is missing` : `${name} is not usable`;
  const got = value === undefined ? 'nothing' : (value as JsonObject);
  return { ok: false, error, expected: `${name}: a number from ${min} to ${max} ${unit}`, got };
}
