import type { QoS, Subscription } from './aedes.ts';

/** What a client's subscriptions that meet a topic add up to: one delivery (MQTT 5, section 3.3.4). */
export interface Grant {
  /** The best of them. */
  readonly qos: QoS;
  /** One of them wants the retain flag as it was published. */
  readonly keepsRetain: boolean;
  /** Their identifiers, all of them. */
  readonly identifiers: readonly number[];
}

/** @returns undefined when none is left: nothing is delivered */
export function grantOf(subscriptions: readonly Subscription[]): Grant | undefined {
  if (subscriptions.length === 0) return undefined;
  let qos: QoS = 0;
  for (const subscription of subscriptions) if (subscription.qos > qos) qos = subscription.qos;
  return {
    qos,
    keepsRetain: subscriptions.some(({ rap }) => rap === true),
    identifiers: subscriptions.flatMap(({ subscriptionIdentifier }) => subscriptionIdentifier ?? []),
  };
}

/** Those of the subscriptions that a client's own message may come back through. */
export function withoutNoLocal(subscriptions: readonly Subscription[]): readonly Subscription[] {
  return subscriptions.filter(({ nl }) => nl !== true);
}
