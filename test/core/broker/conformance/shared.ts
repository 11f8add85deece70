import type { Packet } from 'mqtt-packet';
import { expect } from 'vitest';
import { waitFor } from '../../../support/hub.ts';
import type { Player, Row, Stage } from './stage.ts';

const SHARE = '$share/workers/job/#';

async function members(stage: Stage, count: number, qos: 0 | 1 | 2 = 2): Promise<Player[]> {
  const players = await Promise.all(Array.from({ length: count }, (_, index) => stage.client(`worker-${index}`)));
  for (const player of players) await player.acknowledge().subscribe(SHARE, { qos });
  return players;
}

const total = (players: readonly Player[]) => players.reduce((sum, { messages }) => sum + messages.length, 0);

export const shared: readonly Row[] = [
  {
    statement: 'MQTT-4.8.2-3 (balance)',
    what: 'each message goes to one member, and the members share the load',
    run: async (stage) => {
      const workers = await members(stage, 3);
      const writer = await stage.client('writer');
      for (let index = 0; index < 30; index += 1) await writer.publish('job/x', String(index), 1);
      await waitFor('all jobs', () => total(workers) === 30);
      for (const worker of workers) await worker.ping();
      expect(workers.map(({ messages }) => messages.length)).toEqual([10, 10, 10]);
    },
  },
  {
    statement: 'MQTT-4.8.2-3',
    what: 'the QoS granted is respected',
    run: async (stage) => {
      const [worker] = await members(stage, 1, 1);
      const writer = await stage.client('writer');
      for (const qos of [0, 1, 2] as const) await writer.publish('job/x', String(qos), qos);
      await worker?.hears(3);
      expect(worker?.heard).toEqual(['0@0', '1@1', '2@1']);
    },
  },
  {
    statement: 'MQTT-4.8.2 (groups)',
    what: 'every group gets the message, and so does who subscribed alone',
    run: async (stage) => {
      const workers = await members(stage, 2);
      const auditor = await stage.client('auditor');
      await auditor.subscribe('$share/auditors/job/#');
      const alone = await stage.client('alone');
      await alone.subscribe('job/#');
      await (await stage.client('writer')).publish('job/x', 'x');
      await Promise.all([auditor.hears(1), alone.hears(1), waitFor('a worker', () => total(workers) === 1)]);
    },
  },
  {
    statement: 'MQTT-4.8.2-1 / MQTT-4.8.2-2',
    what: 'a share has a name without wildcards, and a filter',
    run: async (stage) => {
      for (const filter of ['$share//a', '$share/a+/b', '$share/a#/b', '$share/only']) {
        const client = await stage.client('reader');
        client.raw.subscribe(filter);
        await Promise.race([client.closed(), client.raw.answer('suback')]);
        const answer = client.raw.packets.find((packet) => packet.cmd === 'suback') as
          | { granted?: number[] }
          | undefined;
        for (const code of answer?.granted ?? [0x80]) expect([filter, code >= 0x80]).toEqual([filter, true]);
      }
    },
  },
  {
    statement: 'MQTT-3.8.3-4',
    what: '"no local" on a shared subscription is a protocol error',
    versions: [5],
    run: async (stage) => {
      const client = await stage.client('reader');
      const subscriptions = [{ topic: SHARE, qos: 1, nl: true, rap: false, rh: 0 }];
      client.raw.send({ cmd: 'subscribe', messageId: 1, subscriptions } as Packet);
      expect(await client.closed()).toBe(0x82);
    },
  },
  {
    statement: 'MQTT-3.3.1-9 (4.8.2)',
    what: 'retained messages are not sent to a shared subscription',
    run: async (stage) => {
      await (await stage.client('writer')).publish('job/x', 'kept', 1, { retain: true });
      const [worker] = await members(stage, 1);
      await worker?.ping();
      expect(worker?.messages).toEqual([]);
    },
  },
  {
    statement: 'MQTT-4.8.2 (loss)',
    what: 'what a lost member did not acknowledge goes to another',
    run: async (stage) => {
      const lost = await stage.client('lost');
      await lost.subscribe(SHARE, { qos: 1 });
      const writer = await stage.client('writer');
      for (const job of ['1', '2', '3']) await writer.publish('job/x', job);
      await lost.hears(3);
      const [worker] = await members(stage, 1);
      await lost.vanish();
      await worker?.hears(3);
      expect(worker?.heard).toEqual(['1@1', '2@1', '3@1']);
    },
  },
  {
    statement: 'MQTT-4.8.2-4 / MQTT-4.8.2-5',
    what: 'a message of QoS 2 whose delivery has begun goes to nobody else, and to its member when it is back',
    run: async (stage) => {
      const [member] = await stage.lasting('member');
      await member.subscribe(SHARE);
      const writer = await stage.client('writer');
      await writer.publish('job/x', 'begun', 2);
      await member.hears(1);
      const [worker] = await members(stage, 1);
      await member.vanish();
      await writer.publish('job/x', 'next', 2);
      await worker?.hears(1);
      expect(worker?.heard).toEqual(['next@2']);
      const [back] = await stage.lasting('member');
      await back.hears(1);
      expect(back.heard).toEqual(['begun@2']);
    },
  },
  {
    statement: 'MQTT-4.8.2-6',
    what: 'what a member refuses goes to nobody else',
    versions: [5],
    run: async (stage) => {
      const picky = await stage.client('picky');
      await picky.subscribe(SHARE, { qos: 1 });
      const writer = await stage.client('writer');
      await writer.publish('job/x', 'refused');
      const [job] = await picky.hears(1);
      const [worker] = await members(stage, 1);
      picky.raw.send({ cmd: 'puback', messageId: job?.messageId ?? 0, reasonCode: 0x80 } as Packet);
      await picky.ping();
      await picky.vanish();
      await writer.publish('job/x', 'next');
      await worker?.hears(1);
      expect(worker?.heard).toEqual(['next@1']);
    },
  },
  {
    statement: 'MQTT-4.8.2 (leaving)',
    what: 'who unsubscribes gets no more, the others all',
    run: async (stage) => {
      const workers = await members(stage, 2);
      await workers[0]?.unsubscribe(SHARE);
      const writer = await stage.client('writer');
      for (let index = 0; index < 4; index += 1) await writer.publish('job/x', 'x');
      await workers[1]?.hears(4);
      expect(workers[0]?.messages).toEqual([]);
    },
  },
  {
    statement: 'MQTT-4.8.2 (session)',
    what: 'a group whose only member is away keeps its messages for it',
    run: async (stage) => {
      const [member] = await stage.lasting('member');
      await member.subscribe(SHARE);
      await member.vanish();
      const writer = await stage.client('writer');
      for (const job of ['1', '2']) await writer.publish('job/x', job);
      const [back] = await stage.lasting('member');
      await back.hears(2);
      expect(back.heard).toEqual(['1@1', '2@1']);
    },
  },
  {
    statement: 'MQTT-3.3.4-3 (shared)',
    what: 'the identifier of a shared subscription comes with its messages',
    versions: [5],
    run: async (stage) => {
      const worker = await stage.client('worker');
      await worker.subscribe(SHARE, { identifier: 9 });
      await (await stage.client('writer')).publish('job/x', 'x');
      expect((await worker.hears(1))[0]?.properties?.subscriptionIdentifier).toBe(9);
    },
  },
];
