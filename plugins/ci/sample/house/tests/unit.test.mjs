import assert from 'node:assert/strict';
import { test } from 'node:test';
import { told, UNIT } from '../rooms/unit.mjs';

test('rooms are told in one unit', () => {
  assert.equal(told(20), UNIT === 'kelvin' ? 293.15 : 20);
});
