import type { Packet } from './aedes.ts';

interface Alias {
  readonly number: number;
  /** The client was sent it together with its topic. */
  isKnown: boolean;
  /** The message under its alias: the topic itself goes over the wire only once. */
  applyTo(packet: Packet): Packet;
}

/** Short numbers for topics towards one connection of an MQTT 5 client that takes them (section 3.3.2.3.4). */
export class TopicAliases {
  readonly #aliases = new Map<string, Alias>();

  /** `maximum`: how many the client takes. */
  constructor(private readonly maximum: number) {}

  /** Undefined when there is no number left for this topic. */
  of(topic: string): Alias | undefined {
    const known = this.#aliases.get(topic);
    if (known || this.#aliases.size >= this.maximum) return known;
    const number = this.#aliases.size + 1;
    const alias: Alias = {
      number,
      isKnown: false,
      applyTo: (packet) => ({
        ...packet,
        topic: alias.isKnown ? '' : packet.topic,
        properties: { ...packet.properties, topicAlias: number },
      }),
    };
    this.#aliases.set(topic, alias);
    return alias;
  }
}

/** The topics that one connection of a client gave numbers to. */
export class InboundAliases {
  readonly #topics = new Map<number, string>();

  constructor(private readonly maximum: number) {}

  /** The topic meant, or undefined when the number is out of range or was never given a topic. */
  resolve(number: number, topic: string): string | undefined {
    if (number < 1 || number > this.maximum) return undefined;
    if (topic === '') return this.#topics.get(number);
    this.#topics.set(number, topic);
    return topic;
  }
}
