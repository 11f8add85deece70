import { isUtf8 } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import { commandOf } from '../../broker/access.ts';
import type { Broker } from '../../broker/contract.ts';
import type { Json } from '../../sdk/contract.ts';
import { toIdentity } from '../gate.ts';
import { HttpProblem } from '../problem.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';
import { BOOLEAN, list, object, TEXT, TIME } from '../schemas.ts';

const QOS = { enum: [0, 1, 2] };
const TOPIC = object({ topic: TEXT, payload: TEXT, encoding: { const: 'base64' }, time: TIME, qos: QOS }, ['encoding']);
interface Message {
  readonly topic: string;
  readonly payload: Json;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

const DURABLE_WITHIN_MS = 10_000;

/** Retained topics, and publishing without an MQTT client. */
export function messageRoutes(broker: Broker): Route[] {
  return [
    defineRoute<undefined, { filter: string }>({
      method: 'get',
      path: '/api/v1/topics',
      summary: 'Retained messages, payloads as they were published',
      access: 'viewer',
      query: { filter: { ...TEXT, format: 'topic-filter', default: '#' } },
      answer: list(TOPIC),
      handle: (call) => {
        const identity = toIdentity(callerOf(call));
        return broker
          .retained(call.query.filter)
          .filter(({ topic }) => broker.mayRead(identity, topic))
          .map(({ topic, payload, time, qos }) => ({ topic, ...toText(payload), time, qos }));
      },
    }),
    defineRoute<Message>({
      method: 'post',
      path: '/api/v1/publish',
      summary: 'Publishes; a payload that is not text is sent as JSON. Answers when routed and, above QoS 0, durable',
      access: 'viewer',
      body: object(
        {
          // Neither wildcards nor NUL, which MQTT forbids in topics.
          topic: {
            ...TEXT,
            minLength: 1,
            maxLength: 8192,
            pattern: '^[^+#\\u0000]+$',
            examples: ['light/kitchen/set'],
          },
          payload: {},
          qos: { ...QOS, default: 0 },
          retain: { ...BOOLEAN, default: false },
        },
        ['qos', 'retain'],
      ),
      problems: [503],
      handle: async (call) => {
        const caller = callerOf(call);
        const { topic, payload, qos, retain } = call.body;
        if (!broker.mayPublish(toIdentity(caller), topic)) {
          throw new HttpProblem(403, 'publish_denied', `${caller.name} may not publish to ${topic}`);
        }
        const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
        // A plugin is told who sent a command; publishing as the hub, we say it.
        const sender = commandOf(topic) && { userProperties: { user: caller.name, role: caller.role } };
        await inTime(broker.publish(topic, text, { qos, retain, ...sender }), broker);
      },
    }),
  ];
}

/** While the disk is full nothing becomes durable; the message waits for it, who asked does not. */
async function inTime(published: Promise<void>, broker: Broker): Promise<void> {
  const patience = new AbortController();
  const late = setTimeout(DURABLE_WITHIN_MS, true, { signal: patience.signal, ref: false }).catch(() => false);
  try {
    const isLate = await Promise.race([published.then(() => false), late]);
    if (!isLate) return;
  } finally {
    patience.abort();
  }
  const reason = broker.stats().problem ?? 'the disk is slow';
  throw new HttpProblem(503, 'publish_not_durable', `the message was taken but is not stored yet: ${reason}`);
}

function toText(payload: Buffer): { payload: string; encoding?: 'base64' } {
  if (isUtf8(payload)) return { payload: payload.toString('utf8') };
  return { payload: payload.toString('base64'), encoding: 'base64' };
}
