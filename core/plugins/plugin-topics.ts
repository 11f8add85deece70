import type { Broker } from '../broker/contract.ts';
import type { DeviceDescription } from '../sdk/contract.ts';
import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import type { PluginStatus } from './contract.ts';

const DEVICES_PER_PLUGIN = 256;
const STATUSES = 'hub/plugins/';

/** What the hub says of plugins on topics: `hub/plugins/<id>` and `hub/devices/<id>/<device>`, retained. */
export class PluginTopics {
  constructor(
    private readonly broker: Broker,
    private readonly log: Logger,
  ) {}

  /** Ids that have a status, also those an earlier run of the hub left. */
  known(): string[] {
    return this.broker.retained(`${STATUSES}+`).map(({ topic }) => topic.slice(STATUSES.length));
  }

  publishStatus(id: string, status: PluginStatus): void {
    this.publish(`${STATUSES}${id}`, JSON.stringify(status));
  }

  /** `null` takes the description away. A plugin that invents devices without end is stopped at a number of them. */
  publishDevice(id: string, device: string, description: DeviceDescription | null): void {
    const topic = `hub/devices/${id}/${device}`;
    const present = this.broker.retained(`hub/devices/${id}/+`);
    const before = present.find((message) => message.topic === topic)?.payload.toString() ?? '';
    const payload = description === null ? '' : JSON.stringify(description);
    if (payload === before) return;
    if (before === '' && present.length >= DEVICES_PER_PLUGIN) {
      this.log.warn(`${topic} is not announced: ${DEVICES_PER_PLUGIN} devices are the limit of a plugin`);
      return;
    }
    this.publish(topic, payload);
  }

  /** Publishes retained state; nothing waits for it. */
  publish(topic: string, payload: string): void {
    this.broker
      .publish(topic, payload, { qos: 1, retain: true })
      .catch((error: unknown) => this.log.error(`${topic} was not published: ${errorText(error)}`));
  }

  /** Clears everything retained of a plugin that is gone. */
  async clear(id: string): Promise<void> {
    await Promise.all([id, `${STATUSES}${id}`, `hub/devices/${id}`].map((prefix) => this.broker.clearTree(prefix)));
  }
}
