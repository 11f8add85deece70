import fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';

/** Numbers from a seed (mulberry32): a run that found something can be repeated. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const id = fc.integer({ min: 1, max: 20 });
const topic = fc.constantFrom(
  'a',
  'a/b',
  'ä/+',
  '#',
  '$share/g/a/#',
  '$SYS/#',
  'x/'.repeat(120),
  '',
  '__proto__',
  'a/b/c',
);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const payload = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.nat(5),
    topicAlias: fc.integer({ min: 1, max: 200 }),
    responseTopic: topic,
    correlationData: payload,
    userProperties: fc.constant({ a: ['1', '2'], __proto: 'x' }),
    contentType: fc.string(),
  },
  { requiredKeys: [] },
);
const option = fc.record({ topic, qos, nl: fc.boolean(), rap: fc.boolean(), rh: fc.nat(2) });

const publish = {
  cmd: fc.constant('publish'),
  topic,
  qos,
  payload,
  retain: fc.boolean(),
  dup: fc.boolean(),
  messageId: id,
};

const anyPacket = fc.oneof(
  fc.record({ ...publish, properties }),
  fc.record(publish),
  fc.record({ cmd: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId: id }),
  fc.record({
    cmd: fc.constant('subscribe'),
    messageId: id,
    subscriptions: fc.array(option, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    cmd: fc.constant('unsubscribe'),
    messageId: id,
    unsubscriptions: fc.array(topic, { minLength: 1, maxLength: 4 }),
  }),
  fc.constant({ cmd: 'pingreq' }),
  fc.record({ cmd: fc.constant('disconnect'), reasonCode: fc.constantFrom(0, 4, 0x80) }),
);
const will = fc.record({ topic, qos, payload, retain: fc.boolean() });
const connect = {
  cmd: fc.constant('connect'),
  protocolId: fc.constant('MQTT'),
  clientId: fc.constantFrom('a', 'b', 'c', 'ä', 'plugin:x', 'constructor'),
  clean: fc.boolean(),
  keepalive: fc.nat(100),
};
const login = { username: fc.constantFrom('ada', ''), password: payload };
const anyConnect = fc.oneof(
  { weight: 50, arbitrary: fc.record(connect) },
  { weight: 50, arbitrary: fc.record({ ...connect, will }) },
  // Rare: each costs an argon2 hash, which is slow on purpose.
  { weight: 1, arbitrary: fc.record({ ...connect, ...login }) },
);

export interface Corpus {
  readonly connects: readonly Buffer[];
  readonly packets: readonly Buffer[];
}

/** Packets that are as they should be, of one version. */
export function corpusOf(version: 4 | 5, seed: number): Corpus {
  const encode = (packet: object) => {
    try {
      return [mqttPacket.generate({ protocolVersion: version, ...packet } as Packet, { protocolVersion: version })];
    } catch {
      // What mqtt-packet does not want to write comes about by mutation.
      return [];
    }
  };
  return {
    connects: fc.sample(anyConnect, { numRuns: 200, seed }).flatMap(encode),
    packets: fc.sample(anyPacket, { numRuns: 2000, seed }).flatMap(encode),
  };
}

/** One to three small wounds: bits, bytes, lengths, pieces missing, doubled or taken from elsewhere. */
export function mutate(original: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let wounds = 1 + random(3); wounds > 0 && bytes.length > 0; wounds -= 1) {
    const at = random(bytes.length);
    switch (random(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))]);
        break;
      case 5:
        bytes = Buffer.concat([bytes, bytes.subarray(at)]);
        break;
      default:
        // The remaining length, where every parser is weakest.
        bytes[1] = random(2) === 0 ? random(256) : (bytes[1] ?? 0) + 1;
    }
  }
  return bytes;
}
