import { cwop } from './cwop.ts';
import { http } from './http.ts';
import { openweathermap } from './openweathermap.ts';
import { pwsweather } from './pwsweather.ts';
import type { Service } from './service.ts';
import { windy } from './windy.ts';
import { wunderground } from './wunderground.ts';
import { wundergroundRapidfire } from './wunderground-rapidfire.ts';

/** Every service by its `type` in the config. */
export const SERVICES: Readonly<Record<string, Service>> = {
  wunderground,
  wunderground_rapidfire: wundergroundRapidfire,
  pwsweather,
  cwop,
  windy,
  openweathermap,
  http,
};
