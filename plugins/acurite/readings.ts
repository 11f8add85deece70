import type { DeviceDescription, Reading } from 'cupboard/sdk';
import type { Channel, Indoor, Report, WindClimate, WindRain } from './decode.ts';
import { type Rain, rainTotalMm } from './rain.ts';

/** A sensor sends both outdoor messages in turn, one every 18 s. */
const EVERY_MESSAGE = 18;
const EVERY_OTHER_MESSAGE = 36;
const EVERY_CONSOLE_REPORT = 60;

export const OUTDOOR: DeviceDescription = {
  name: 'Outdoor',
  sensors: {
    temperature: {
      name: 'Outdoor temperature',
      unit: '°C',
      device_class: 'temperature',
      state_class: 'measurement',
      period: EVERY_OTHER_MESSAGE,
    },
    humidity: {
      name: 'Outdoor humidity',
      unit: '%',
      device_class: 'humidity',
      state_class: 'measurement',
      period: EVERY_OTHER_MESSAGE,
    },
    wind_speed: {
      name: 'Wind speed',
      unit: 'm/s',
      device_class: 'wind_speed',
      state_class: 'measurement',
      period: EVERY_MESSAGE,
    },
    wind_direction: {
      name: 'Wind direction',
      unit: '°',
      device_class: 'wind_direction',
      state_class: 'measurement',
      period: EVERY_OTHER_MESSAGE,
    },
    rain_count: { name: 'Rain counter', state_class: 'total_increasing', period: EVERY_OTHER_MESSAGE },
    rain_total: {
      name: 'Rain',
      unit: 'mm',
      device_class: 'precipitation',
      state_class: 'total_increasing',
      period: EVERY_OTHER_MESSAGE,
    },
    signal: { name: 'Sensor signal', state_class: 'measurement', period: EVERY_MESSAGE },
    battery_low: { name: 'Sensor battery low', device_class: 'battery', period: EVERY_MESSAGE },
    sensor_id: { name: 'Sensor id', period: EVERY_MESSAGE },
    channel: { name: 'Channel', period: EVERY_MESSAGE },
  },
};

export const CONSOLE: DeviceDescription = {
  name: 'Console',
  sensors: {
    pressure: {
      name: 'Station pressure',
      unit: 'hPa',
      device_class: 'atmospheric_pressure',
      state_class: 'measurement',
      period: EVERY_CONSOLE_REPORT,
    },
    temperature: {
      name: 'Indoor temperature',
      unit: '°C',
      device_class: 'temperature',
      state_class: 'measurement',
      period: EVERY_CONSOLE_REPORT,
    },
  },
};

export type Fields = Readonly<Record<string, Reading>>;

/** A report's values under the names they have on topics; empty where it carries none. */
export function readingFields(report: Report): Fields {
  const head =
    report.report === 1 && report.head
      ? {
          signal: report.head.signal,
          battery_low: report.head.batteryLow,
          sensor_id: report.head.sensorId,
          channel: report.head.channel ?? null,
        }
      : {};
  return { ...(report.readings ? measuredFields(report.readings) : {}), ...head };
}

function measuredFields(readings: WindRain | WindClimate | Indoor): Fields {
  switch (readings.kind) {
    case 'wind_rain':
      return {
        wind_speed: readings.windSpeed,
        wind_direction: readings.windDirection,
        rain_count: readings.rainCount,
      };
    case 'wind_climate':
      return { wind_speed: readings.windSpeed, temperature: readings.temperature, humidity: readings.humidity };
    case 'indoor':
      return { pressure: readings.pressure, temperature: readings.temperature };
  }
}

export const rainFields = (rain: Rain): Fields => ({ rain_total: rainTotalMm(rain) });

export interface SensorChoice {
  readonly sensor_id?: number;
  readonly channel?: Channel;
}

/** Why a report that decodes well is not ours; `undefined` when it is. */
export function foreignReason(report: Report, choice: SensorChoice): string | undefined {
  if (report.report !== 1 || !report.head) return undefined;
  if (choice.sensor_id !== undefined && report.head.sensorId !== choice.sensor_id) return 'other_sensor';
  return choice.channel !== undefined && report.head.channel !== choice.channel ? 'other_channel' : undefined;
}

/**
 * Notices calibration constants that differ from those of the last console report. They are burnt into the console:
 * a change is a bad read, unless the next report brings the same ones again (another console was plugged in).
 */
export function watchConstants(): (report: Report) => string | undefined {
  let known: string | undefined;
  let last: string | undefined;
  return (report) => {
    if (report.report !== 2 || report.constants === undefined) return undefined;
    if (known === undefined || last === report.constants) known = report.constants;
    last = report.constants;
    return known === report.constants ? undefined : 'constants_changed';
  };
}
