import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dewPoint } from '../rooms/dew-point.mjs';

const near = (value, expected) => assert.ok(Math.abs(value - expected) < 0.1, `${value} is not about ${expected}`);

test('saturated air is at its dew point', () => {
  for (const celsius of [-20, 0, 15, 30]) near(dewPoint(celsius, 100), celsius);
});

test('agrees with the tables', () => {
  near(dewPoint(20, 50), 9.3);
  near(dewPoint(30, 30), 10.5);
  near(dewPoint(0, 50), -9.2);
});
