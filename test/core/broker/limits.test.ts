import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { startBroker } from './bed.ts';
import { Player } from './conformance/stage.ts';
import { admitted, rawClient } from './raw-client.ts';

const modern = { protocolVersion: 5 as const };
const lasting = { ...modern, clean: false, properties: { sessionExpiryInterval: 600 } };

test('who says nothing, or never ends its CONNECT, is dropped after broker.limits.connect_seconds', async () => {
  const bed = await startBroker({ limits: { connect_seconds: 1 } });
  const silent = await rawClient(bed.broker.address);
  const slow = await rawClient(bed.broker.address);
  slow.socket.write(Buffer.from([0x10, 60, 0, 4]));
  await Promise.all([silent.closed(), slow.closed()]);
  expect(bed.logged()).toContain('connect did not arrive in time');
});

test('who sends more than broker.limits.bytes_per_second is read more slowly, and loses nothing', async () => {
  const bed = await startBroker({ limits: { bytes_per_second: 100_000 } });
  const fast = new Player(await admitted(bed.broker.address, 'fast', modern), 5);
  const begin = performance.now();
  for (let id = 1; id <= 6; id += 1) fast.raw.publish('a', Buffer.alloc(50_000), 1, id);
  await fast.raw.until('all six', () => fast.raw.packets.filter(({ cmd }) => cmd === 'puback').length === 6);
  // 300 kB at 100 kB/s: the first second's share is there at once, the last piece of 64 kB is read before it is paid.
  expect(performance.now() - begin).toBeGreaterThan(1000);
});

test('the number of filters of one client is limited: 0x97, and the others stand', async () => {
  const bed = await startBroker({ limits: { subscriptions: 2 } });
  const client = new Player(await admitted(bed.broker.address, 'greedy', modern), 5);
  expect(await client.subscribe(['a', 'b', 'c', '$share/g/d'])).toEqual([2, 2, 0x97, 0x97]);
  expect(await client.subscribe(['a'])).toEqual([2]);
  await client.unsubscribe('b');
  expect(await client.subscribe(['c'])).toEqual([2]);
  expect(bed.logged()).toContain('broker.limits.subscriptions is reached (2)');
});

test('the number of sessions is limited; who has one, or wants none, comes in', async () => {
  const bed = await startBroker({ limits: { sessions: 1 } });
  await admitted(bed.broker.address, 'first', lasting);
  const second = new Player(await rawClient(bed.broker.address, 5), 5);
  const connack = await second.next('connack', () => second.raw.hello('second', lasting));
  expect(connack.reasonCode).toBe(0x88);
  await admitted(bed.broker.address, 'second', modern);
  await admitted(bed.broker.address, 'first', lasting);
  expect(bed.logged()).toContain('broker.limits.sessions is reached (1)');
});

test('long topics and properties count against the limits on bytes', async () => {
  const bed = await startBroker({ limits: { queue_bytes: 1000, retained_bytes: 1000 } });
  const away = new Player(await admitted(bed.broker.address, 'away', lasting), 5);
  await away.subscribe('#');
  await away.vanish();
  const writer = new Player(await admitted(bed.broker.address, 'writer', modern), 5);
  expect(await writer.publish(`${'x'.repeat(1000)}`, '1', 1, { retain: true })).toBe(0x97);
  const properties = { userProperties: { note: 'x'.repeat(900) } };
  await writer.publish('a', '1', 1, { properties });
  await writer.publish('a', '2', 1, { properties });
  expect(bed.broker.stats().queuedMessages).toBe(1);
  expect(bed.logged()).toContain('away: messages for it are dropped: broker.limits.queue_messages or queue_bytes');
});

test('a packet over the limit is cut also where its topic was found in order before', async () => {
  const bed = await startBroker({ limits: { packet_bytes: 4096 } });
  const client = new Player(await admitted(bed.broker.address, 'known', modern), 5);
  await client.publish('a', 'small');
  client.raw.publish('a', Buffer.alloc(5000), 1, 9);
  expect(await client.closed()).toBe(0x95);
});

test.each(['other', 'same'])(
  'a connection that dies while its CONNECT waits for the disk takes nobody along (%s id)',
  async (id) => {
    const bed = await startBroker();
    const first = new Player(await admitted(bed.broker.address, 'same', modern), 5);
    const brief = await rawClient(bed.broker.address, 5);
    const { commit } = bed.store;
    const durable = commit.durable.bind(commit);
    let isGone = false;
    // Its will is on the way to the disk: the last thing before it is registered.
    commit.durable = async () => {
      brief.socket.resetAndDestroy();
      for (let round = 0; round < 5; round += 1) await first.ping();
      await durable();
      isGone = true;
    };
    const will = { topic: 'w', payload: Buffer.from('x'), qos: 0 as const, retain: false };
    brief.hello(id, { ...modern, will });
    await waitFor('its end', () => isGone);
    commit.durable = durable;
    await first.ping();
    expect(bed.broker.stats().clients).toBe(1);
    await admitted(bed.broker.address, 'same', modern);
    expect(await first.closed()).toBe(0x8e);
  },
);
