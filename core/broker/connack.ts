import mqttPacket, { type IConnackPacket } from 'mqtt-packet';
import type { Client } from './aedes.ts';
import { encodeDisconnect, reasonOf } from './reasons.ts';

/** What the hub knows better than aedes about a client that comes in. */
export interface Welcome {
  /** Something is left of its last session. */
  readonly sessionPresent: boolean;
  /** Seconds, when it is not what the client asked for. */
  readonly keepalive?: number;
}

/** aedes' CONNACK with our facts in it: sessions without subscriptions are sessions, and shares are there. */
export function correctConnack(bytes: Buffer, version: number, { sessionPresent, keepalive }: Welcome): Buffer {
  let corrected: Buffer = bytes;
  const parser = mqttPacket.parser({ protocolVersion: version });
  parser.on('packet', (packet) => {
    const connack = packet as IConnackPacket;
    const { sharedSubscriptionAvailable: _available, ...properties } = connack.properties ?? {};
    if (keepalive !== undefined) properties.serverKeepAlive = keepalive;
    const next = { ...connack, sessionPresent, ...(version === 5 && { properties }) };
    corrected = mqttPacket.generate(next, { protocolVersion: version });
  });
  parser.parse(bytes);
  return corrected;
}

const UNACCEPTABLE_VERSION = 1;

/** The last packet to a client whose connection ends with an error, where the protocol has one. */
export function farewell({ connected, version, conn }: Client, error: Error): Buffer | undefined {
  if (connected) return version === 5 ? encodeDisconnect(reasonOf(error)) : undefined;
  // The answer to a version that nobody knows is in the oldest words (MQTT-3.1.2-2).
  if (/Invalid protocol version/.test(error.message)) return encodeConnack(UNACCEPTABLE_VERSION, 4);
  if (conn.connect?.protocolVersion !== 5) return undefined;
  return encodeConnack(reasonOf(error), 5);
}

function encodeConnack(code: number, protocolVersion: 4 | 5): Buffer {
  const codes = protocolVersion === 5 ? { reasonCode: code } : { returnCode: code };
  return mqttPacket.generate({ cmd: 'connack', sessionPresent: false, ...codes }, { protocolVersion });
}
