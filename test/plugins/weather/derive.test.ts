import { describe, expect, it } from 'vitest';
import { derive } from '../../../plugins/weather/derive.ts';

const nowhere = { elevation: undefined, seaLevel: 'altimeter' } as const;

describe('derive', () => {
  it('answers every value that follows from the arguments', () => {
    expect(derive({ temperature: 20, humidity: 50, wind_speed: 5, pressure: 980, elevation: 300 }, nowhere)).toEqual({
      ok: true,
      dew_point: expect.closeTo(9.254, 3),
      wind_chill: 20,
      heat_index: expect.closeTo(19.36, 1),
      feels_like: 20,
      apparent_temperature: expect.closeTo(16.34, 1),
      humidex: expect.closeTo(20.9, 0),
      beaufort: 3,
      pressure_sea_level: expect.closeTo(1015.6, 0),
    });
  });

  it('takes the elevation of the hub, and says what it cannot answer', () => {
    const { pressure_sea_level } = derive(
      { temperature: 20, humidity: 50, pressure: 980 },
      { ...nowhere, elevation: 300 },
    );
    expect(pressure_sea_level).toBeCloseTo(1015.6, 0);
    expect(derive({ temperature: 2, humidity: 50, pressure: 980 }, nowhere)).toMatchObject({
      ok: true,
      missing: {
        wind_chill: 'needs wind_speed',
        feels_like: 'needs wind_speed at this temperature',
        pressure_sea_level: 'needs elevation: set it in location.elevation',
      },
    });
  });

  it('reduces by QFF where that is configured', () => {
    const { pressure_sea_level } = derive(
      { temperature: 15, humidity: 50, pressure: 1000, elevation: 100 },
      { ...nowhere, seaLevel: 'qff' },
    );
    expect(pressure_sea_level).toBeCloseTo(1011.93, 2);
  });

  it.each([
    [{ humidity: 50 }, 'temperature is missing', 'nothing'],
    [{ temperature: 20, humidity: 150 }, 'humidity is not usable', 150],
    [{ temperature: 'warm', humidity: 50 }, 'temperature is not usable', 'warm'],
    [{ temperature: 20, humidity: 50, wind_speed: -1 }, 'wind_speed is not usable', -1],
    [{ temperature: 20, humidity: 50, pressure: 29.9 }, 'pressure is not usable', 29.9],
  ])('refuses %o with what it expected', (args, error, got) => {
    expect(derive(args, nowhere)).toMatchObject({
      ok: false,
      error,
      got,
      expected: expect.stringContaining('a number from'),
    });
  });
});
