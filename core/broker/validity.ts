import type { ConnectPacket, InboundPacket, Properties } from './aedes.ts';
import { Breach, Reason } from './reasons.ts';

/** What MQTT forbids and mqtt-packet lets pass. Section numbers are those of MQTT 5. */

const USER = 'userProperties';
const MESSAGE = ['payloadFormatIndicator', 'messageExpiryInterval', 'contentType', 'responseTopic', 'correlationData'];
const ANSWER = ['reasonString', USER];
/** Properties of the packets that clients send (2.2.2.2). */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  connect: [
    'sessionExpiryInterval',
    'receiveMaximum',
    'maximumPacketSize',
    'topicAliasMaximum',
    'requestResponseInformation',
    'requestProblemInformation',
    'authenticationMethod',
    'authenticationData',
    USER,
  ],
  will: [...MESSAGE, 'willDelayInterval', USER],
  publish: [...MESSAGE, 'topicAlias', USER],
  puback: ANSWER,
  pubrec: ANSWER,
  pubrel: ANSWER,
  pubcomp: ANSWER,
  subscribe: ['subscriptionIdentifier', USER],
  unsubscribe: [USER],
  disconnect: ['sessionExpiryInterval', ...ANSWER],
};
/** Zero means nothing here, and is a protocol error. */
const POSITIVE = ['receiveMaximum', 'maximumPacketSize', 'subscriptionIdentifier'];

/** Why a first packet ends the connection, or undefined. */
export function connectProblem(packet: ConnectPacket): Breach | undefined {
  const { will, username, password, protocolVersion } = packet;
  if ((will?.qos as number | undefined) === 3) return malformed('its will has QoS 3');
  if (protocolVersion < 5 && username === undefined && password !== undefined) {
    return malformed('it sent a password without a name');
  }
  if (username !== undefined && !isText(username)) return malformed('its user name is not UTF-8');
  return propertiesProblem('connect', packet.properties) ?? propertiesProblem('will', will?.properties);
}

/** Why a packet ends the connection, or undefined. */
export function packetProblem(packet: InboundPacket): Breach | undefined {
  const { cmd, qos = 0, messageId } = packet;
  const list = cmd === 'subscribe' ? packet.subscriptions : packet.unsubscriptions;
  switch (cmd) {
    case 'publish':
      if (qos > 0 && messageId === 0) return malformed('it used message id 0');
      if (qos === 0 && packet.dup) return malformed('it sent DUP with QoS 0');
      break;
    case 'subscribe':
    case 'unsubscribe':
      if (messageId === 0) return malformed('it used message id 0');
      if (!list?.length) return new Breach(Reason.protocolError, `its ${cmd.toUpperCase()} names no filter`);
      if (packet.subscriptions?.some(({ topic, nl }) => nl && topic.startsWith('$share/'))) {
        return new Breach(Reason.protocolError, 'it asks for "no local" on a shared subscription');
      }
      break;
    default:
  }
  return propertiesProblem(cmd, packet.properties);
}

function propertiesProblem(kind: string, properties: Properties | undefined): Breach | undefined {
  if (!properties) return undefined;
  const allowed = PROPERTIES[kind] ?? [];
  for (const [name, value] of Object.entries(properties)) {
    if (!allowed.includes(name)) return new Breach(Reason.protocolError, `its ${kind} carries the property ${name}`);
    // mqtt-packet makes a list of what may come once only.
    if (Array.isArray(value)) return new Breach(Reason.protocolError, `its ${kind} repeats the property ${name}`);
    if (value === 0 && POSITIVE.includes(name)) return new Breach(Reason.protocolError, `its ${name} is 0`);
    if (name === 'responseTopic' && /[+#]/.test(String(value))) {
      return new Breach(Reason.protocolError, 'its response topic has wildcards');
    }
    if (!isSound(value)) return malformed(`its property ${name} makes no sense`);
  }
  return undefined;
}

/** Values that end early come as null or -1; user properties as an object of strings. */
function isSound(value: unknown): boolean {
  if (value === null || value === undefined || value === -1) return false;
  if (typeof value === 'string') return isText(value);
  if (typeof value !== 'object' || Buffer.isBuffer(value)) return true;
  return Object.entries(value).every(([name, texts]) => {
    return isText(name) && [texts].flat().every((text) => typeof text === 'string' && isText(text));
  });
}

/** Bytes that are not UTF-8 arrive as U+FFFD. */
function isText(text: string): boolean {
  return !text.includes('\0') && !text.includes('\ufffd');
}

function malformed(reason: string): Breach {
  return new Breach(Reason.malformedPacket, reason);
}
