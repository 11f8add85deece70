import mqttPacket from 'mqtt-packet';

/** The reason codes of MQTT 5 (section 2.4) that the hub gives. */
export const Reason = {
  success: 0x00,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  notAuthorized: 0x87,
  keepaliveTimeout: 0x8d,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
} as const;

export type ReasonCode = (typeof Reason)[keyof typeof Reason];

/** What a client asked for and does not get, in the protocol's word and in ours. */
export interface Refusal {
  readonly code: ReasonCode;
  readonly reason: string;
}

/** Ends a connection: what it sent is against the protocol or over a limit. */
export class Breach extends Error implements Refusal {
  constructor(
    readonly code: ReasonCode,
    readonly reason: string,
  ) {
    super(reason);
  }
}

/** The last packet to an MQTT 5 client. Those of 3.1.1 are never told. */
export function encodeDisconnect(code: number): Buffer {
  return mqttPacket.generate({ cmd: 'disconnect', reasonCode: code } as mqttPacket.Packet, { protocolVersion: 5 });
}

/** The reason for a connection that ends with this error, of ours or of the libraries. */
export function reasonOf(error: Error): ReasonCode {
  if (error instanceof Breach) return error.code;
  const [, code = Reason.malformedPacket] = KNOWN_ERRORS.find(([text]) => text.test(error.message)) ?? [];
  return code;
}

/** What mqtt-packet and aedes say, where it is not that the packet makes no sense. */
const KNOWN_ERRORS: readonly (readonly [RegExp, ReasonCode])[] = [
  [/keep alive timeout/, Reason.keepaliveTimeout],
  [/too large/, Reason.packetTooLarge],
  [/Invalid protocol|Not supported/, Reason.protocolError],
  [/connection closed/, Reason.unspecified],
];
