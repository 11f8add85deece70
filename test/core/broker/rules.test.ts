import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { collect, startBroker } from './bed.ts';
import { admitted } from './raw-client.ts';

const photos = { id: 'photos', token: 't', publishes: [], subscribes: [], adminCommands: ['wipe'] };

/** A broker with one plugin connected. */
async function withPlugin() {
  const bed = await startBroker();
  bed.broker.setPluginTrees(['photos', 'idle']);
  bed.broker.admitPlugin(photos);
  const plugin = await admitted(bed.broker.pluginUrl.replace('mqtt://', ''), 'plugin:photos', {
    protocolVersion: 5,
    username: 'photos',
    password: Buffer.from('t'),
  });
  plugin.subscribe('photos/command/+');
  await plugin.answer('suback');
  return { bed, plugin };
}

test('a command tells the plugin who asks, whatever the asker claims', async () => {
  const { bed, plugin } = await withPlugin();
  const client = await bed.connect({ protocolVersion: 5 });
  await client.publishAsync('photos/command/import', '{}', {
    qos: 1,
    properties: { userProperties: { user: 'ada', role: 'admin', note: 'kept' } },
  });
  const command = await plugin.answer('publish');
  expect({ ...command.properties?.userProperties }).toEqual({ user: 'anonymous', role: 'anonymous', note: 'kept' });
});

test('MQTT 3.1.1 clients are named to the plugin too', async () => {
  const { bed, plugin } = await withPlugin();
  const client = await bed.connect({ protocolVersion: 4 });
  await client.publishAsync('photos/command/import', '{}');
  const command = await plugin.answer('publish');
  expect({ ...command.properties?.userProperties }).toEqual({ user: 'anonymous', role: 'anonymous' });
});

test('commands for admins, retained commands and publishes into plugin trees are refused', async () => {
  const { bed } = await withPlugin();
  const client = await admitted(bed.broker.address, 'stranger', { protocolVersion: 5 });
  client.publish('photos/command/wipe', '{}', 1, 1);
  client.publish('photos/command/import', '{}', 1, 2, { retain: true });
  client.publish('photos/card/1', '{}', 1, 3);
  client.publish('idle/status', 'online', 1, 4);
  client.publish('kitchen/light', 'on', 1, 5);
  const answers = () => client.packets.flatMap((packet) => (packet.cmd === 'puback' ? [packet.reasonCode] : []));
  await waitFor('five answers', () => answers().length === 5);
  expect(answers()).toEqual([135, 135, 135, 135, 0]);
});

test('a plugin answers once on the response topic of a command, and nowhere the asker may not publish', async () => {
  const { bed, plugin } = await withPlugin();
  const asker = await bed.connect({ protocolVersion: 5 });
  const received = collect(asker);
  await asker.subscribeAsync('answers/me');
  const properties = { responseTopic: 'answers/me', correlationData: Buffer.from('1') };
  await asker.publishAsync('photos/command/import', '{}', { qos: 1, properties });
  await plugin.answer('publish');
  plugin.publish('answers/me', 'done', 1, 21);
  plugin.publish('answers/me', 'again', 1, 22);
  const codes = () => plugin.packets.flatMap((packet) => (packet.cmd === 'puback' ? [packet.reasonCode] : []));
  await waitFor('two answers', () => codes().length === 2);
  expect(codes()).toEqual([0, 135]);
  expect(received.map(({ payload }) => payload)).toEqual(['done']);
  const sly = await admitted(bed.broker.address, 'sly', { protocolVersion: 5 });
  sly.publish('photos/command/import', '{}', 1, 1, { properties: { responseTopic: 'hub/status' } });
  expect((await sly.answer('puback')).reasonCode).toBe(135);
});

test('retained messages are limited in number and bytes, each refusal named', async () => {
  const bed = await startBroker({ limits: { retained_count: 2, retained_bytes: 100 } });
  const client = await admitted(bed.broker.address, 'keeper', { protocolVersion: 5 });
  client.publish('a', '1', 1, 1, { retain: true });
  client.publish('b', '1', 1, 2, { retain: true });
  await waitFor('both', () => client.packets.filter(({ cmd }) => cmd === 'puback').length === 2);
  client.publish('c', '1', 1, 3, { retain: true });
  client.publish('b', 'x'.repeat(100), 1, 4, { retain: true });
  client.publish('b', '2', 1, 5, { retain: true });
  const codes = () => client.packets.flatMap((packet) => (packet.cmd === 'puback' ? [packet.reasonCode] : []));
  await waitFor('five answers', () => codes().length === 5);
  expect(codes()).toEqual([0, 0, 0x97, 0x97, 0]);
  expect(bed.logged()).toContain('broker.limits.retained_count is reached (2)');
  expect(bed.logged()).toContain('broker.limits.retained_bytes is reached (100)');
  expect(bed.broker.stats()).toMatchObject({ retained: 2, retainedBytes: 4 });
});

test('the queue of an absent session is limited, and the log says so', async () => {
  const bed = await startBroker({ limits: { queue_messages: 3 } });
  const absent = await bed.connect({ clientId: 'absent', clean: false });
  await absent.subscribeAsync('news', { qos: 1 });
  await absent.endAsync();
  for (let index = 0; index < 5; index += 1) await bed.broker.publish('news', String(index), { qos: 1 });
  expect(bed.broker.stats().queuedMessages).toBe(3);
  expect(bed.logged()).toMatch(/absent: messages for it are dropped: broker.limits.queue_messages/);
});

test('overlapping subscriptions give one message, with the best QoS granted', async () => {
  const bed = await startBroker();
  for (const clean of [true, false]) {
    const client = await bed.connect({ clientId: `overlap-${clean}`, clean });
    const received = collect(client);
    await client.subscribeAsync('o/#', { qos: 0 });
    await client.subscribeAsync('o/x', { qos: 2 });
    await client.subscribeAsync('o/+', { qos: 1 });
    await bed.broker.publish('o/x', '1', { qos: 2 });
    await bed.broker.publish('o/x', '2', { qos: 0 });
    await waitFor('both messages', () => received.length === 2);
    // A message of QoS 2 is handed over after its handshake, so it may come second.
    expect(received.map(({ payload, qos }) => `${payload} at ${qos}`).sort()).toEqual(['1 at 2', '2 at 0']);
  }
});

test('a granted QoS limits what arrives, also through wildcards', async () => {
  const bed = await startBroker();
  const client = await bed.connect();
  const received = collect(client);
  await client.subscribeAsync('w/#', { qos: 1 });
  await bed.broker.publish('w/x', '1', { qos: 2 });
  await waitFor('the message', () => received[0]);
  expect(received[0]?.qos).toBe(1);
});

test('a session gets what it missed, in order, across restarts of the broker', async () => {
  const bed = await startBroker();
  const options = { clientId: 'away', clean: false };
  const away = await bed.connect(options);
  await away.subscribeAsync('news/#', { qos: 2 });
  await away.endAsync();
  for (let index = 0; index < 300; index += 1) {
    await bed.broker.publish('news/x', String(index), { qos: index % 2 ? 2 : 1, retain: index === 299 });
  }
  await bed.stop();
  const again = await startBroker({ dataDir: bed.dataDir });
  expect(again.broker.retained('news/x')[0]?.payload.toString()).toBe('299');
  const back = await admitted(again.broker.address, 'away', { clean: false });
  const seen = () => back.packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []));
  // The window is 100: the rest comes as the client acknowledges.
  await waitFor('the first window', () => seen().length === 100);
  expect(seen().map(({ payload }) => payload.toString())).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
});

test('a resumed session sends again, with DUP, what was not acknowledged', async () => {
  const bed = await startBroker();
  const first = await admitted(bed.broker.address, 'lamp', { clean: false });
  first.subscribe('lamp/set');
  await first.answer('suback');
  await bed.broker.publish('lamp/set', 'on', { qos: 1 });
  const sent = await first.answer('publish');
  first.socket.destroy();
  await waitFor('the end of the connection', () => bed.broker.stats().clients === 0);
  const second = await admitted(bed.broker.address, 'lamp', { clean: false });
  const repeated = await second.answer('publish');
  expect(repeated).toMatchObject({ dup: true, messageId: sent.messageId ?? 0 });
  second.send({ cmd: 'puback', messageId: sent.messageId ?? 0 });
  await waitFor('the acknowledgement', () => bed.broker.stats().queuedMessages === 0);
});

test('messages are routed, and each kind of acknowledgement sent, in the order of arrival', async () => {
  const bed = await startBroker();
  const client = await admitted(bed.broker.address, 'ordered');
  const seen: string[] = [];
  await bed.broker.subscribe('order', ({ payload }) => seen.push(payload.toString()));
  for (let id = 1; id <= 60; id += 1) client.publish('order', String(id), (id % 3) as 0 | 1 | 2, id);
  const answers = (kind: string) =>
    client.packets.flatMap(({ cmd, messageId = 0 }) => (cmd === kind ? [messageId] : []));
  await waitFor('all answers', () => answers('puback').length === 20 && answers('pubrec').length === 20);
  const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
  expect(answers('puback')).toEqual(numbers.filter((id) => id % 3 === 1));
  expect(answers('pubrec')).toEqual(numbers.filter((id) => id % 3 === 2));
  expect(seen).toEqual(numbers.map(String));
});

test('a plugin that is expelled is disconnected and cannot come back', async () => {
  const { bed, plugin } = await withPlugin();
  bed.broker.expelPlugin('photos');
  await plugin.closed();
  await bed.broker.publish('photos/card/1', '{}', { qos: 1, retain: true });
  await bed.broker.clearTree('photos');
  expect(bed.broker.retained('photos/#')).toEqual([]);
});

test('a message whose time is over is not delivered', async () => {
  const bed = await startBroker();
  const options = { clientId: 'late', clean: false };
  const late = await bed.connect(options);
  await late.subscribeAsync('m', { qos: 1 });
  await late.endAsync();
  const publisher = await bed.connect({ protocolVersion: 5 });
  await publisher.publishAsync('m', 'stale', { qos: 1, properties: { messageExpiryInterval: 1 } });
  await publisher.publishAsync('m', 'fresh', { qos: 1 });
  const stale = performance.now() + 1000;
  await waitFor('the first to expire', () => performance.now() > stale);
  const back = await admitted(bed.broker.address, 'late', { clean: false });
  expect((await back.answer('publish')).payload.toString()).toBe('fresh');
});

test('a row of hub.db that makes no sense costs that row and nothing else', async () => {
  const bed = await startBroker();
  await bed.broker.publish('a', '1', { qos: 1, retain: true });
  await bed.broker.publish('b', '2', { qos: 1, retain: true });
  await bed.stop();
  const database = new Database(join(bed.dataDir, 'hub.db'));
  database.prepare("UPDATE retained SET packet = x'0102' WHERE topic = 'a'").run();
  database.close();
  const again = await startBroker({ dataDir: bed.dataDir });
  expect(again.broker.retained('#').map(({ topic }) => topic)).toEqual(['b']);
  expect(again.logged()).toContain('a row cannot be read');
});
