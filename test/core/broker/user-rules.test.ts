import { expect, test } from 'vitest';
import type { BrokerOptions } from '../../../core/broker/broker.ts';
import type { TopicRules } from '../../../core/broker/contract.ts';
import { rulesAllowReading, rulesAllowWriting } from '../../../core/broker/rules.ts';
import { type Bed, startBroker } from './bed.ts';
import { Player } from './conformance/stage.ts';
import { admitted, rawClient } from './raw-client.ts';

const broker: Partial<Omit<BrokerOptions, 'config'>> = {
  authenticate: async (name, password) => (password === 'right' ? { kind: 'user', name, role: 'viewer' } : undefined),
};

const RULES: Readonly<Record<string, TopicRules>> = {
  lamp: { read: ['lamps/+/set'], write: ['lamps/%u/state'], readwrite: ['devices/%u/%c/#'] },
  anonymous: { read: ['public/#'], write: ['public/#'] },
};

async function house(rules = RULES): Promise<Bed> {
  const bed = await startBroker({ broker });
  bed.broker.setPluginTrees(['photos']);
  bed.broker.setUserRules(rules);
  return bed;
}

async function login(bed: Bed, name: string, clientId: string, more: object = {}): Promise<Player> {
  const options = { username: name, password: Buffer.from('right'), protocolVersion: 5 as const, ...more };
  return new Player(await admitted(bed.broker.address, clientId, options), 5);
}

test.each<[string, 'read' | 'write', string | undefined, boolean]>([
  ['lamps/a/set', 'read', 'c', true],
  ['lamps/+/set', 'read', 'c', true],
  ['lamps/#', 'read', 'c', false],
  ['#', 'read', 'c', false],
  ['+/+/set', 'read', 'c', false],
  ['lamps/lamp/state', 'read', 'c', false],
  ['lamps/lamp/state', 'write', 'c', true],
  ['lamps/other/state', 'write', 'c', false],
  ['devices/lamp/c/x/y', 'write', 'c', true],
  ['devices/lamp/c/#', 'read', 'c', true],
  ['devices/lamp/d/x', 'read', 'c', false],
  ['devices/lamp/c/x', 'read', undefined, false],
  // A client that calls itself by a wildcard gains nothing.
  ['devices/lamp/other/x', 'read', '+', false],
  ['devices/lamp/#', 'read', '#', false],
  ['devices/lamp/a/b/x', 'write', 'a/b', false],
  ['$SYS/broker', 'read', 'c', false],
])('%s: %s as client %s: %s', (topic, kind, clientId, expected) => {
  const allows = kind === 'read' ? rulesAllowReading : rulesAllowWriting;
  expect(allows(RULES['lamp'] ?? {}, topic, { name: 'lamp', clientId })).toBe(expected);
});

test('rules hold at SUBSCRIBE, shared or not, and at PUBLISH, with the reason code', async () => {
  const bed = await house();
  const lamp = await login(bed, 'lamp', 'c1');
  const filters = ['lamps/+/set', '#', 'lamps/#', '$share/g/lamps/+/set', '$share/g/#', '$SYS/#', 'devices/lamp/c1/#'];
  expect(await lamp.subscribe(filters)).toEqual([2, 0x87, 0x87, 2, 0x87, 0x87, 2]);
  expect(await lamp.publish('lamps/lamp/state', 'on')).toBe(0);
  expect(await lamp.publish('lamps/other/state', 'on')).toBe(0x87);
  expect(await lamp.publish('photos/status', 'online')).toBe(0x87);
  expect(await lamp.publish('hub/status', 'offline')).toBe(0x87);
  expect(await lamp.publish('$SYS/x', 'x')).toBe(0x87);
});

test('a will, retained or not, is held to the rules when it is left', async () => {
  const bed = await house();
  const stranger = new Player(await rawClient(bed.broker.address, 5), 5);
  const connack = await stranger.next('connack', () => {
    const will = { topic: 'lamps/other/state', payload: Buffer.from('x'), qos: 1 as const, retain: true };
    stranger.raw.hello('c1', { username: 'lamp', password: Buffer.from('right'), will });
  });
  expect(connack.reasonCode).toBe(0x87);
});

test('a changed rule takes effect on what is already subscribed, queued and published', async () => {
  const all = { lamp: { readwrite: ['#'] } };
  const bed = await house(all);
  const session = { clean: false, properties: { sessionExpiryInterval: 600 } };
  const lamp = await login(bed, 'lamp', 'c1');
  const away = await login(bed, 'lamp', 'c2', session);
  const member = await login(bed, 'lamp', 'c3');
  await lamp.subscribe('house/#');
  await away.subscribe('house/#');
  await member.subscribe('$share/g/house/#');
  await away.vanish();
  await bed.broker.publish('house/secret', 'before', { qos: 1 });
  await Promise.all([lamp.hears(1), member.hears(1)]);

  bed.broker.setUserRules({ lamp: { read: ['house/open'] } });
  await bed.broker.publish('house/secret', 'after', { qos: 1 });
  await bed.broker.publish('house/open', 'seen', { qos: 1 });
  await Promise.all([lamp.hears(2), member.hears(2)]);
  expect([lamp.heard, member.heard]).toEqual([
    ['before@1', 'seen@1'],
    ['before@1', 'seen@1'],
  ]);
  expect(await lamp.publish('house/open', 'x')).toBe(0x87);
  const back = await login(bed, 'lamp', 'c2', session);
  await back.acknowledge().ping();
  await bed.broker.publish('house/open', 'later', { qos: 1 });
  await back.raw.until('what is allowed', () => back.heard.includes('later@1'));
  expect(back.heard.filter((heard) => /before|after/.test(heard))).toEqual([]);
});

test('retained messages and a viewer: rules give what the role alone does not, and no more', async () => {
  const bed = await house({ lamp: { read: ['a/+'], write: ['a/#', 'photos/command/#'] } });
  bed.broker.admitPlugin({ id: 'photos', token: 't', publishes: [], subscribes: [], adminCommands: ['wipe'] });
  await bed.broker.publish('a/kept', '1', { qos: 1, retain: true });
  const lamp = await login(bed, 'lamp', 'c1');
  await lamp.subscribe('a/+');
  await lamp.hears(1);
  expect(await lamp.publish('photos/command/import', '{}')).toBe(0);
  expect(await lamp.publish('photos/command/wipe', '{}')).toBe(0x87);
  const viewer = await login(bed, 'vic', 'c2');
  expect(await viewer.subscribe('#')).toEqual([2]);
  expect(await viewer.publish('a/x', 'x')).toBe(0x87);
});

test('clients without a name have the rules of anonymous', async () => {
  const bed = await house();
  const client = new Player(await admitted(bed.broker.address, 'guest', { protocolVersion: 5 }), 5);
  expect(await client.subscribe(['public/#', 'private'])).toEqual([2, 0x87]);
  expect(await client.publish('public/x', 'x')).toBe(0);
  expect(await client.publish('private', 'x')).toBe(0x87);
});

test('who is expelled is told and disconnected; others stay', async () => {
  const bed = await house();
  const lamp = await login(bed, 'lamp', 'c1');
  const other = await login(bed, 'other', 'c2');
  bed.broker.expelUser('lamp');
  expect(await lamp.closed()).toBe(0x98);
  await other.ping();
});
