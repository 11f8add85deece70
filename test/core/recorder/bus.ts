import type { Broker, HubMessage, RetainedMessage } from '../../../core/broker/contract.ts';
import { createRecorder } from '../../../core/recorder/recorder.ts';
import type { Logger } from '../../../core/support/log.ts';
import { settings } from './support.ts';

/** Everything a recorder hears, by hand: for tests and measurements that are not about the broker. */
export class Bus implements Pick<Broker, 'subscribe' | 'retained'> {
  readonly stored: RetainedMessage[] = [];
  #handler: (message: HubMessage) => void = () => undefined;

  retained(filter: string): readonly RetainedMessage[] {
    const start = filter.slice(0, filter.indexOf('+'));
    return this.stored.filter(({ topic }) => topic.startsWith(start));
  }

  async subscribe(_filter: string, handler: (message: HubMessage) => void): Promise<() => void> {
    this.#handler = handler;
    return () => {
      this.#handler = () => undefined;
    };
  }

  publish(topic: string, payload: string | Buffer | object, more: Partial<HubMessage> = {}): void {
    const isRaw = typeof payload === 'string' || Buffer.isBuffer(payload);
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(isRaw ? payload : JSON.stringify(payload));
    this.#handler({ topic, payload: bytes, qos: 0, retain: false, retained: false, ...more });
  }
}

/** A recorder on a bus of its own; `current` may be changed before `reconfigure`. */
export function busRecorder(file: string, log: Logger, current = settings()) {
  const bus = new Bus();
  const live = { ...current };
  const recorder = createRecorder({
    file,
    config: () => live.recorder,
    timezone: () => live.timezone,
    broker: bus,
    log,
  });
  return { bus, recorder, live };
}
