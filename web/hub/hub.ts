import type { ShownValue } from 'cupboard/sdk/panel';
import { type ConnectionState, MqttClient } from '../mqtt/client.ts';
import { Beat } from '../ui/beat.ts';
import { Api, ApiError, type Session, type Settings } from './api.ts';
import { House } from './house.ts';
import { showValue } from './units.ts';

/** What the page has once somebody is signed in. */
export interface SignedIn {
  readonly session: Session;
  readonly settings: Settings;
  readonly mqtt: MqttClient;
  readonly house: House;
}

export type Phase = 'loading' | 'unreachable' | 'signed-out' | 'ready';

/** The hub as the page knows it: the one object every page is handed. */
export class Hub {
  readonly beat = new Beat();
  readonly api = new Api(() => this.#end('signed-out'));
  phase: Phase = 'loading';
  connection: ConnectionState = 'connecting';
  #signedIn: SignedIn | undefined;

  /** @throws Error before the login; pages behind it are not drawn then. */
  get #now(): SignedIn {
    if (!this.#signedIn) throw new Error('nobody is signed in');
    return this.#signedIn;
  }
  get session(): Session {
    return this.#now.session;
  }
  get settings(): Settings {
    return this.#now.settings;
  }
  get mqtt(): MqttClient {
    return this.#now.mqtt;
  }
  get house(): House {
    return this.#now.house;
  }
  get isAdmin(): boolean {
    return this.#signedIn?.session.role === 'admin';
  }

  /** Finds out whether the cookie still counts and, if so, connects. */
  async open(): Promise<void> {
    try {
      const session = await this.api.session();
      const settings = await this.api.settings();
      this.#begin(session, settings);
    } catch (error) {
      this.#end(error instanceof ApiError && error.status === 401 ? 'signed-out' : 'unreachable');
    }
  }

  async signOut(): Promise<void> {
    await this.api.logout();
    this.#end('signed-out');
  }

  async saveSettings(settings: Settings): Promise<void> {
    const saved = await this.api.saveSettings(settings);
    this.#signedIn = { ...this.#now, settings: saved };
    this.beat.changed();
  }

  show(value: number, unit = ''): ShownValue {
    return showValue(value, unit, this.settings.units);
  }

  #begin(session: Session, settings: Settings): void {
    this.#signedIn?.mqtt.close();
    const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/mqtt`;
    const mqtt = new MqttClient(url, (state) => this.#setConnection(state));
    this.#signedIn = { session, settings, mqtt, house: new House(this.api, mqtt) };
    this.phase = 'ready';
    this.beat.changed();
  }

  #end(phase: Phase): void {
    this.#signedIn?.mqtt.close();
    this.#signedIn = undefined;
    this.phase = phase;
    this.beat.changed();
  }

  #setConnection(state: ConnectionState): void {
    const before = this.connection;
    this.connection = state;
    if (state === 'online' && before !== 'online') this.#signedIn?.house.reconnected();
    // A refused login looks like any lost connection to a WebSocket; only HTTP tells which it was.
    if (state === 'offline' && this.#signedIn) this.api.session().catch((error: unknown) => this.#checkRefusal(error));
    this.beat.changed();
  }

  #checkRefusal(error: unknown): void {
    if (error instanceof ApiError && error.status === 401) this.#end('signed-out');
  }
}
