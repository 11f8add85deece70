import fc from 'fast-check';
import { expect, test } from 'vitest';
import { waitFor } from '../../support/hub.ts';
import { collect, startBroker } from './bed.ts';
import { admitted, rawClient } from './raw-client.ts';

const users = {
  authenticate: async (name: string, password: string) =>
    password === 'right' ? ({ kind: 'user', name, role: 'admin' } as const) : undefined,
};

test('a CONNECT that never ends is cut at its announced size, before it is buffered', async () => {
  const bed = await startBroker();
  const client = await rawClient(bed.broker.address);
  client.socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4]));
  await client.closed();
  expect(bed.logged()).toMatch(/its first packet has 268435460 bytes, over the limit of 65536/);
});

test('a first packet that is not a CONNECT ends the connection', async () => {
  const bed = await startBroker();
  const client = await rawClient(bed.broker.address);
  client.publish('a', 'b');
  await client.closed();
  expect(bed.logged()).toContain('its first packet is not a CONNECT');
});

test('what follows a CONNECT in the same breath is taken after the CONNACK, however much it is', async () => {
  const bed = await startBroker();
  const seen: string[] = [];
  await bed.broker.subscribe('eager', ({ payload }) => seen.push(payload.toString()));
  const client = await rawClient(bed.broker.address);
  client.hello('eager');
  for (let index = 0; index < 100; index += 1) client.publish('eager', String(index));
  await waitFor('all messages', () => seen.length === 100);
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
});

test('a packet over the limit is refused: 0x95 for MQTT 5, the end of the connection for 3.1.1', async () => {
  const bed = await startBroker({ limits: { packet_bytes: 4096 } });
  const modern = await admitted(bed.broker.address, 'modern', { protocolVersion: 5 });
  modern.publish('a', 'x'.repeat(5000));
  expect((await modern.answer('disconnect')).reasonCode).toBe(0x95);
  const old = await admitted(bed.broker.address, 'old');
  old.publish('a', 'x'.repeat(5000));
  await old.closed();
  expect(bed.logged()).toContain('packet too large');
});

test('reserved names are no client ids, and filters like any other', async () => {
  const bed = await startBroker();
  for (const id of ['__proto__', 'constructor']) {
    const client = await rawClient(bed.broker.address);
    client.hello(id);
    expect((await client.answer('connack')).returnCode).toBe(2);
  }
  const client = await bed.connect({ clientId: 'subscriber', clean: false });
  const received = collect(client);
  await client.subscribeAsync(['__proto__', 'constructor/#'], { qos: 1 });
  for (const topic of ['__proto__', 'constructor/x', 'toString']) await client.publishAsync(topic, topic, { qos: 1 });
  await waitFor('both messages', () => received.length === 2);
  expect(received.map(({ payload }) => payload)).toEqual(['__proto__', 'constructor/x']);
});

test('a client with too many unreleased messages of QoS 2 is cut', async () => {
  const bed = await startBroker({ limits: { inflight: 5 } });
  const client = await admitted(bed.broker.address, 'hoarder');
  for (let id = 1; id <= 6; id += 1) client.publish('a', 'b', 2, id);
  await client.closed();
  expect(bed.logged()).toContain('it has 5 messages of QoS 2 unreleased');
});

test('a frozen reader is cut while others get their messages in time', async () => {
  const bed = await startBroker();
  const frozen = await admitted(bed.broker.address, 'frozen');
  frozen.subscribe('video');
  await frozen.answer('suback');
  frozen.socket.pause();
  const others = await bed.connect();
  const received = collect(others);
  await others.subscribeAsync('small');
  const publisher = await bed.connect();
  const flooder = await bed.connect();
  const block = Buffer.alloc(256 * 1024);
  let isFlooding = true;
  const flood = (async () => {
    while (isFlooding) await flooder.publishAsync('video', block);
  })();
  await waitFor('the frozen reader to be cut', async () => {
    const before = received.length;
    await publisher.publishAsync('small', 'x');
    await waitFor('the small message, while the frozen reader is still there', () => received.length > before, 2);
    return /frozen: disconnected: it (left|took)/.test(bed.logged());
  });
  isFlooding = false;
  await flood;
  expect(received.length).toBeGreaterThan(0);
});

test('connections per address are limited', async () => {
  const bed = await startBroker({ limits: { connections_per_address: 2 } });
  await admitted(bed.broker.address, 'one');
  await admitted(bed.broker.address, 'two');
  const third = await rawClient(bed.broker.address);
  await third.closed();
  expect(bed.logged()).toContain('broker.limits.connections_per_address is reached (2)');
});

test('a refused filter is not kept beside an allowed one of the same packet', async () => {
  const bed = await startBroker();
  bed.broker.admitPlugin({ id: 'spy', token: 't', publishes: [], subscribes: [], adminCommands: [] });
  const options = { clientId: 'plugin:spy', username: 'spy', password: Buffer.from('t'), clean: false };
  const spy = await admitted(bed.broker.pluginUrl.replace('mqtt://', ''), options.clientId, options);
  spy.subscribe('spy/#', 'private');
  expect((await spy.answer('suback')).granted).toEqual([1, 0x80]);
  spy.socket.destroy();
  await bed.broker.publish('private', 'secret', { qos: 1 });
  await bed.broker.publish('spy/x', 'own', { qos: 1 });
  const back = await admitted(bed.broker.pluginUrl.replace('mqtt://', ''), options.clientId, options);
  expect((await back.answer('publish')).topic).toBe('spy/x');
  expect(bed.broker.stats().queuedMessages).toBe(1);
});

test("another user under the same client id does not get the first one's messages", async () => {
  const bed = await startBroker({ broker: users });
  const alice = { clientId: 'phone', username: 'alice', password: 'right', clean: false };
  const first = await bed.connect(alice);
  await first.subscribeAsync('mail', { qos: 1 });
  const bob = { ...alice, username: 'bob' };
  await expect(bed.connect(bob)).rejects.toThrow(/Identifier rejected/);
  await first.endAsync();
  await expect(bed.connect(bob)).rejects.toThrow(/Identifier rejected/);
  await expect(bed.connect({ ...alice, password: 'wrong' })).rejects.toThrow(/Bad username or password/);
  expect(bed.logged()).toContain('another user has a session with its client id');
});

test('a session that nobody in particular left is cleared for the user who takes its client id', async () => {
  const bed = await startBroker({ broker: users });
  const stranger = await bed.connect({ clientId: 'phone', clean: false });
  await stranger.subscribeAsync('mail', { qos: 1 });
  await stranger.endAsync();
  await bed.broker.publish('mail', 'x', { qos: 1 });
  expect(bed.broker.stats().queuedMessages).toBe(1);
  await bed.connect({ clientId: 'phone', username: 'alice', password: 'right', clean: false });
  expect(bed.broker.stats().queuedMessages).toBe(0);
});

test('a will is held to the same rules as a publish', async () => {
  const bed = await startBroker();
  const will = { topic: 'hub/status', payload: Buffer.from('offline'), qos: 1 as const, retain: true };
  await expect(bed.connect({ will })).rejects.toThrow(/Not authorized/);
  expect(bed.logged()).toContain('its will goes to hub/status, where it may not publish');
});

test('topics that are not UTF-8 are refused', async () => {
  const bed = await startBroker();
  const client = await admitted(bed.broker.address, 'sloppy');
  // PUBLISH to the bytes "a", C0 80: an overlong NUL.
  client.socket.write(Buffer.from([0x30, 6, 0, 3, 0x61, 0xc0, 0x80, 0x78]));
  await client.closed();
  expect(bed.logged()).toContain('it is not UTF-8');
});

test('a refused publish is answered 135 in MQTT 5, ends a 3.1.1 connection, and is logged once', async () => {
  const bed = await startBroker();
  const modern = await admitted(bed.broker.address, 'modern', { protocolVersion: 5 });
  for (let id = 1; id <= 3; id += 1) modern.publish('hub/status', 'x', 1, id);
  expect((await modern.answer('puback')).reasonCode).toBe(135);
  const old = await admitted(bed.broker.address, 'old');
  old.publish('hub/status', 'x', 1);
  await old.closed();
  expect(bed.logged().match(/modern: publish to hub\/status refused: anonymous may not publish there/g)).toHaveLength(
    1,
  );
});

test('whatever bytes come in, before or after the CONNECT, the broker goes on serving', async () => {
  const bed = await startBroker();
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 100 }),
    // Every kind of packet with a length that is right and a body that is not.
    fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 60 })).map(([type, body]) => [type, body.length, ...body]),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 5 }), fc.boolean(), async (pieces, isKnown) => {
      const client = isKnown
        ? await admitted(bed.broker.address, 'fuzzer', { protocolVersion: 5 })
        : await rawClient(bed.broker.address);
      for (const piece of pieces) client.socket.write(Buffer.from(piece));
      client.socket.end();
      await client.closed();
    }),
    { numRuns: 60 },
  );
  const healthy = await bed.connect();
  const received = collect(healthy);
  await healthy.subscribeAsync('health');
  await healthy.publishAsync('health', 'well', { qos: 1 });
  await waitFor('the message', () => received.length === 1);
});
