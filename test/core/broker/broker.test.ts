import { connectAsync } from 'mqtt';
import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { collect, startBroker } from './bed.ts';

for (const protocolVersion of [4, 5] as const) {
  test(`MQTT ${protocolVersion}: delivers every QoS from publisher to subscriber`, async () => {
    const bed = await startBroker();
    const subscriber = await bed.connect({ protocolVersion });
    const received = collect(subscriber);
    await subscriber.subscribeAsync('house/+/temperature', { qos: 2 });
    const publisher = await bed.connect({ protocolVersion });
    for (const qos of [0, 1, 2] as const) await publisher.publishAsync(`house/${qos}/temperature`, `2${qos}`, { qos });
    await waitFor('three messages', () => received.length === 3);
    expect(received.map(({ topic, payload, qos }) => [topic, payload, qos])).toEqual([
      ['house/0/temperature', '20', 0],
      ['house/1/temperature', '21', 1],
      ['house/2/temperature', '22', 2],
    ]);
  });
}

test('serves plugins on the Unix socket and on the loopback port, with their token only', async () => {
  const bed = await startBroker();
  bed.broker.admitPlugin({ id: 'acurite', token: 'secret', publishes: [], subscribes: [], adminCommands: [] });
  const options = { clientId: 'plugin:acurite', username: 'acurite', reconnectPeriod: 0 };
  for (const url of [`mqtt+unix://${bed.broker.pluginSocket}`, bed.broker.pluginUrl]) {
    await expect(connectAsync(url, { ...options, password: 'guess' }, false)).rejects.toThrow(/refused/);
    const plugin = await connectAsync(url, { ...options, password: 'secret' }, false);
    await plugin.publishAsync('acurite/status', 'online', { qos: 1, retain: true });
    await plugin.endAsync();
  }
  await expect(
    connectAsync(`mqtt://${bed.broker.address}`, { ...options, password: 'secret' }, false),
  ).rejects.toThrow();
  expect(bed.broker.retained('acurite/#').map(({ payload }) => payload.toString())).toEqual(['online']);
  expect(bed.logged()).not.toContain('secret');
});

test('the hub publishes, subscribes and reads retained messages in its own process', async () => {
  const bed = await startBroker();
  await bed.broker.publish('hub/status', 'online', { qos: 1, retain: true });
  const seen: unknown[] = [];
  const unsubscribe = await bed.broker.subscribe('#', ({ topic, payload, retained, properties }) => {
    seen.push([topic, payload.toString(), retained, properties]);
  });
  await bed.broker.publish('hub/event/started', '{}', { userProperties: { a: 'b' } });
  unsubscribe();
  await bed.broker.publish('hub/event/stopped', '{}');
  expect(seen).toEqual([
    ['hub/status', 'online', true, undefined],
    ['hub/event/started', '{}', false, { a: 'b' }],
  ]);
});
