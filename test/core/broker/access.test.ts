import { beforeEach, describe, expect, test } from 'vitest';
import { Access } from '../../../core/broker/access.ts';
import type { Identity } from '../../../core/broker/contract.ts';

const anonymous: Identity = { kind: 'anonymous' };
const admin: Identity = { kind: 'user', name: 'ada', role: 'admin' };
const viewer: Identity = { kind: 'user', name: 'vic', role: 'viewer' };
const plugin: Identity = { kind: 'plugin', id: 'weather' };
let access: Access;

beforeEach(() => {
  access = new Access();
  access.setPluginTrees(['weather', 'photos', 'idle']);
  access.grant({
    id: 'weather',
    token: 't',
    publishes: ['homeassistant/#', 'photos/command/+'],
    subscribes: ['acurite/#'],
    adminCommands: [],
  });
  access.grant({ id: 'photos', token: 't', publishes: [], subscribes: [], adminCommands: ['wipe'] });
});

describe('publishing', () => {
  test.each<[string, Identity, string, boolean]>([
    ['anonymous', anonymous, 'kitchen/light', true],
    ['anonymous', anonymous, 'hub/status', false],
    ['anonymous', anonymous, 'weather/current', false],
    ['anonymous', anonymous, 'weather', false],
    ['anonymous', anonymous, 'idle/anything', false],
    ['anonymous', anonymous, 'photos/command/import', true],
    ['anonymous', anonymous, 'photos/command/wipe', false],
    ['anonymous', anonymous, 'photos/command/import/result', false],
    ['anonymous', anonymous, '$SYS/x', false],
    ['an admin', admin, 'kitchen/light', true],
    ['an admin', admin, 'hub/status', false],
    ['an admin', admin, 'photos/current', false],
    ['an admin', admin, 'photos/command/wipe', true],
    ['a viewer', viewer, 'kitchen/light', false],
    ['a viewer', viewer, 'photos/command/import', false],
    ['a plugin', plugin, 'weather/current', true],
    ['a plugin', plugin, 'weather', false],
    ['a plugin', plugin, 'weathervane/x', false],
    ['a plugin', plugin, 'hub/devices/weather/current', false],
    ['a plugin', plugin, 'homeassistant/sensor/x/config', true],
    ['a plugin', plugin, 'photos/command/import', true],
    ['a plugin', plugin, 'photos/command/wipe', false],
    ['the hub', { kind: 'hub' }, 'hub/status', true],
  ])('%s (%o) to %s: %s', (_who, identity, topic, expected) => {
    expect(access.mayPublish(identity, topic)).toBe(expected);
  });
});

describe('reading', () => {
  test.each<[string, Identity, string, boolean]>([
    ['anonymous', anonymous, '#', true],
    ['a viewer', viewer, 'weather/#', true],
    ['a plugin', plugin, 'weather/#', true],
    ['a plugin', plugin, 'hub/status', true],
    ['a plugin', plugin, 'hub/devices/#', true],
    ['a plugin', plugin, 'hub/log/#', false],
    ['a plugin', plugin, 'acurite/outdoor', true],
    ['a plugin', plugin, '#', false],
    ['a plugin', plugin, '+/status', false],
    ['a plugin', plugin, '$SYS/#', false],
  ])('%s (%o) from %s: %s', (_who, identity, filter, expected) => {
    expect(access.mayRead(identity, filter)).toBe(expected);
  });
});

test('a plugin that was expelled keeps its tree and nothing else', () => {
  access.revoke('weather');
  expect(access.mayRead(plugin, 'acurite/outdoor')).toBe(false);
  expect(access.mayPublish(anonymous, 'weather/current')).toBe(false);
});
