import { isUtf8 } from 'node:buffer';
import type { BrokerConfig } from '../config/contract.ts';
import { type Access, commandOf, nameOf, roleOf } from './access.ts';
import type { Packet } from './aedes.ts';
import type { Identity } from './contract.ts';
import { weightOf } from './packets.ts';
import { Reason, type Refusal } from './reasons.ts';
import type { RetainedMessages } from './retained.ts';
import { topicProblem } from './topics.ts';

/** How long a plugin may take to answer on a response topic, and how many answers it may owe. */
const ANSWER_WITHIN_MS = 10 * 60_000;
const MOST_ANSWERS = 10_000;
const REMEMBERED_TOPICS = 1000;

/** Decides on publishes of clients and prepares those that are commands. */
export class Publishing {
  /** `plugin\0topic` to the time until which the plugin may answer there, once. */
  readonly #answers = new Map<string, number>();
  /** Topics to which a client may publish and which are no commands: what is asked for every message. */
  readonly #plain = new WeakMap<Identity, { readonly revision: number; readonly topics: Set<string> }>();

  constructor(
    private readonly access: Access,
    private readonly limits: () => BrokerConfig['limits'],
    private readonly retained: RetainedMessages,
    private readonly now: () => number = Date.now,
  ) {}

  /** Why this publish is refused, or undefined: then the packet is ready to be routed. */
  check(identity: Identity, packet: Packet, clientId?: string): Refusal | undefined {
    const { topic, properties } = packet;
    const problem = topicProblem(topic);
    if (problem) return { code: Reason.topicNameInvalid, reason: problem };
    if (properties?.['payloadFormatIndicator'] && !isUtf8(packet.payload)) {
      return { code: Reason.payloadFormatInvalid, reason: 'its payload is said to be UTF-8 and is not' };
    }
    if (this.isPlain(identity, topic)) return this.#retainProblem(packet);
    const isAllowed = this.access.mayPublish(identity, topic, clientId);
    if (!isAllowed && !this.#isAwaitedAnswer(identity, packet)) {
      return notAuthorized(`${nameOf(identity)} may not publish there`);
    }
    if (!commandOf(topic) && isAllowed) this.#plainTopics(identity).add(topic);
    return this.#retainProblem(packet) ?? this.#prepareCommand(identity, packet, clientId);
  }

  /** Was a message of this client on this topic found in order, with nothing to prepare? */
  isPlain(identity: Identity, topic: string): boolean {
    return this.#plainTopics(identity).has(topic);
  }

  #plainTopics(identity: Identity): Set<string> {
    const { revision } = this.access;
    const known = this.#plain.get(identity);
    if (known?.revision === revision && known.topics.size < REMEMBERED_TOPICS) return known.topics;
    const topics = new Set<string>();
    this.#plain.set(identity, { revision, topics });
    return topics;
  }

  #retainProblem(packet: Packet): Refusal | undefined {
    const { retain, topic, payload } = packet;
    if (!retain || payload.length === 0) return undefined;
    const { retained_count, retained_bytes } = this.limits();
    const present = this.retained.sizeOf(topic);
    if (present === undefined && this.retained.count >= retained_count) {
      return quota(`broker.limits.retained_count is reached (${retained_count})`);
    }
    if (this.retained.bytes - (present ?? 0) + weightOf(packet) > retained_bytes) {
      return quota(`broker.limits.retained_bytes is reached (${retained_bytes})`);
    }
    return undefined;
  }

  /** Tells the plugin who asks, whatever the asker claims, and allows it to answer where the asker could itself. */
  #prepareCommand(identity: Identity, packet: Packet, clientId?: string): Refusal | undefined {
    const command = commandOf(packet.topic);
    if (!command) return undefined;
    // It would be carried out again at every start of the plugin.
    if (packet.retain) return notAuthorized('a command must not be retained');
    const responseTopic = packet.properties?.responseTopic;
    if (responseTopic !== undefined) {
      if (topicProblem(responseTopic) || !this.access.mayPublish(identity, responseTopic, clientId)) {
        return notAuthorized(`its response topic ${responseTopic} is not one it may publish to`);
      }
      this.#expectAnswer(command.plugin, responseTopic);
    }
    const { user: _user, role: _role, ...others } = packet.properties?.userProperties ?? {};
    const userProperties = { ...others, user: nameOf(identity), role: roleOf(identity) };
    packet.properties = { ...packet.properties, userProperties };
    return undefined;
  }

  #expectAnswer(plugin: string, topic: string): void {
    const key = `${plugin}\0${topic}`;
    this.#answers.delete(key);
    this.#answers.set(key, this.now() + ANSWER_WITHIN_MS);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MOST_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
  }

  #isAwaitedAnswer(identity: Identity, { topic, retain }: Packet): boolean {
    if (identity.kind !== 'plugin' || retain) return false;
    const key = `${identity.id}\0${topic}`;
    const until = this.#answers.get(key);
    this.#answers.delete(key);
    return until !== undefined && until > this.now();
  }
}

function notAuthorized(reason: string): Refusal {
  return { code: Reason.notAuthorized, reason };
}

function quota(reason: string): Refusal {
  return { code: Reason.quotaExceeded, reason };
}
