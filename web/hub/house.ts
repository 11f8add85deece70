import type { DeviceDescription } from 'cupboard/sdk';
import type { LiveMessage, MqttClient } from '../mqtt/client.ts';
import { Beat } from '../ui/beat.ts';
import type { Api, Plugin, PluginStatus } from './api.ts';
import { type DeviceReport, decodeReport, type FieldState, fieldState, parseObject } from './readings.ts';

export interface Device {
  readonly plugin: string;
  readonly id: string;
  readonly description: DeviceDescription;
  readonly report: DeviceReport | undefined;
}

const decoder = new TextDecoder();
/** The list behind the live states is asked for again after this calm, not at every message of a start. */
const LIST_DELAY_MS = 300;

/** All plugins and devices of the house as they are now: what MQTT tells, with the names and histories HTTP knows. */
export class House {
  readonly beat = new Beat();
  /** Undefined until the hub has answered once. */
  plugins: readonly Plugin[] | undefined;
  readonly #api: Api;
  readonly #mqtt: MqttClient;
  readonly #statuses = new Map<string, PluginStatus>();
  readonly #descriptions = new Map<string, DeviceDescription>();
  readonly #reports = new Map<string, DeviceReport>();
  readonly #unsubscribe = new Map<string, () => void>();
  #lastSeen = new Map<string, number>();
  #listTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api, mqtt: MqttClient) {
    this.#api = api;
    this.#mqtt = mqtt;
    mqtt.subscribe('hub/plugins/+', (message) => this.#takePlugin(message));
    mqtt.subscribe('hub/devices/+/+', (message) => this.#takeDescription(message));
    this.refresh();
  }

  /** Forgets what was retained before the connection was lost: what has gone meanwhile sends no message. */
  reconnected(): void {
    this.#statuses.clear();
    this.#descriptions.clear();
    this.#reports.clear();
    for (const end of this.#unsubscribe.values()) end();
    this.#unsubscribe.clear();
    this.refresh();
  }

  /** Asks for the lists that are not live: names, permissions, when a series was last recorded. */
  refresh(): void {
    clearTimeout(this.#listTimer);
    this.#listTimer = setTimeout(() => void this.#loadLists(), LIST_DELAY_MS);
  }

  plugin(id: string): Plugin | undefined {
    return this.plugins?.find((plugin) => plugin.id === id);
  }

  devices(plugin: string): Device[] {
    const prefix = `${plugin}/`;
    return [...this.#descriptions]
      .filter(([topic]) => topic.startsWith(prefix))
      .map(([topic, description]) => ({
        plugin,
        id: topic.slice(prefix.length),
        description,
        report: this.#reports.get(topic),
      }))
      .sort((a, b) => a.id.localeCompare(b.id));
  }

  field(device: Device, field: string): FieldState {
    const sensor = device.description.sensors[field] ?? {};
    const lastSeen = this.#lastSeen.get(`${device.plugin}/${device.id}/${field}`);
    return fieldState(sensor, device.report, field, lastSeen, this.#api.now());
  }

  async #loadLists(): Promise<void> {
    try {
      const [plugins, series] = await Promise.all([this.#api.plugins(), this.#api.series()]);
      this.plugins = plugins.map((plugin) => ({ ...plugin, ...this.#statuses.get(plugin.id) }));
      this.#lastSeen = new Map(series.map(({ series: name, last }) => [name, last]));
      this.beat.changed();
    } catch (error) {
      console.warn('the lists of the hub are not up to date:', error);
    }
  }

  #takePlugin({ topic, payload }: LiveMessage): void {
    const id = topic.slice('hub/plugins/'.length);
    const status = parseObject(decoder.decode(payload)) as PluginStatus | undefined;
    if (status) this.#statuses.set(id, status);
    else this.#statuses.delete(id);
    const known = this.plugin(id);
    if (!known || !status || known.version !== status.version) this.refresh();
    this.plugins = this.plugins?.map((plugin) =>
      plugin.id === id && status ? { ...withoutReason(plugin), ...status } : plugin,
    );
    this.beat.changed();
  }

  #takeDescription({ topic, payload }: LiveMessage): void {
    const device = topic.slice('hub/devices/'.length);
    const description = parseObject(decoder.decode(payload)) as DeviceDescription | undefined;
    if (description?.sensors) {
      this.#descriptions.set(device, description);
      if (!this.#unsubscribe.has(device)) {
        this.#unsubscribe.set(
          device,
          this.#mqtt.subscribe(device, (message) => this.#takeReport(message)),
        );
      }
    } else {
      this.#descriptions.delete(device);
      this.#reports.delete(device);
      this.#unsubscribe.get(device)?.();
      this.#unsubscribe.delete(device);
    }
    this.beat.changed();
  }

  #takeReport({ topic, payload }: LiveMessage): void {
    const report = decodeReport(decoder.decode(payload));
    if (report) this.#reports.set(topic, report);
    else this.#reports.delete(topic);
    this.beat.changed();
  }
}

/** A state without a reason must not keep the reason of the state before. */
function withoutReason(plugin: Plugin): Plugin {
  const { reason: _reason, advice: _advice, ...rest } = plugin;
  return rest;
}
