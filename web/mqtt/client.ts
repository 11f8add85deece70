import {
  encodeConnect,
  encodeDisconnect,
  encodePing,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  FIRST_ERROR,
  type Packet,
  PacketReader,
} from './packets.ts';
import { topicMatches } from './topics.ts';

export interface LiveMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Came from the retained store because of the subscription. */
  readonly retained: boolean;
}

export type ConnectionState = 'connecting' | 'online' | 'offline';
type Handler = (message: LiveMessage) => void;

const KEEP_ALIVE_SECONDS = 30;
const CONNECT_SECONDS = 10;
const LONGEST_WAIT_SECONDS = 15;

const encoder = new TextEncoder();

/**
 * The page's one live connection: MQTT 5 over WebSocket. Connects again by itself and then subscribes again; a publish
 * is sent at QoS 1 and resolves when the broker has it.
 */
export class MqttClient {
  state: ConnectionState = 'connecting';
  readonly #url: string;
  readonly #onState: (state: ConnectionState) => void;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #socket: WebSocket | undefined;
  #nextId = 1;
  #failures = 0;
  #closed = false;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #answered = true;

  constructor(url: string, onState: (state: ConnectionState) => void) {
    this.#url = url;
    this.#onState = onState;
    this.#connect();
    addEventListener('online', this.#retryNow);
    document.addEventListener('visibilitychange', this.#retryNow);
  }

  /** Calls back for every message that matches; the retained ones come first. Answers the unsubscribe function. */
  subscribe(filter: string, handler: Handler): () => void {
    const handlers = this.#handlers.get(filter) ?? new Set();
    this.#handlers.set(filter, handlers.add(handler));
    if (this.state === 'online') this.#send(encodeSubscribe(this.#takeId(), filter));
    return () => {
      handlers.delete(handler);
      if (handlers.size > 0 || this.#handlers.get(filter) !== handlers) return;
      this.#handlers.delete(filter);
      if (this.state === 'online') this.#send(encodeUnsubscribe(this.#takeId(), filter));
    };
  }

  /** @throws Error when the broker refuses it or the connection ends before it answers. */
  publish(topic: string, payload: string, retain = false): Promise<void> {
    if (this.state !== 'online') return Promise.reject(new Error('Not connected to the hub'));
    const id = this.#takeId();
    this.#send(encodePublish(topic, encoder.encode(payload), retain, id));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  close(): void {
    this.#closed = true;
    removeEventListener('online', this.#retryNow);
    document.removeEventListener('visibilitychange', this.#retryNow);
    if (this.state === 'online') this.#send(encodeDisconnect());
    this.#drop();
  }

  #connect(): void {
    this.#setState('connecting');
    const socket = new WebSocket(this.#url, ['mqtt']);
    const reader = new PacketReader();
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#after(CONNECT_SECONDS, () => this.state !== 'online' && this.#drop());
    socket.onopen = () => this.#send(encodeConnect(randomClientId(), KEEP_ALIVE_SECONDS));
    socket.onclose = () => socket === this.#socket && this.#drop();
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      try {
        for (const packet of reader.read(new Uint8Array(data))) this.#receive(packet);
      } catch (error) {
        console.error('mqtt: the connection is dropped:', error);
        this.#drop();
      }
    };
  }

  #receive(packet: Packet): void {
    this.#answered = true;
    switch (packet.type) {
      case 'connack':
        if (packet.reason >= FIRST_ERROR) this.#drop();
        else this.#begin(packet.keepAlive ?? KEEP_ALIVE_SECONDS);
        break;
      case 'publish':
        if (packet.id !== undefined) this.#send(encodePuback(packet.id));
        this.#dispatch({ topic: packet.topic, payload: packet.payload, retained: packet.retain });
        break;
      case 'puback':
        this.#settle(packet.id, packet.reason, packet.text);
        break;
      case 'disconnect':
        this.#drop();
        break;
      default:
    }
  }

  #begin(keepAliveSeconds: number): void {
    this.#failures = 0;
    this.#setState('online');
    for (const filter of this.#handlers.keys()) this.#send(encodeSubscribe(this.#takeId(), filter));
    this.#keepAlive(keepAliveSeconds);
  }

  /** A connection that fell asleep with the laptop shows no close: a ping without an answer is the only sign. */
  #keepAlive(seconds: number): void {
    this.#after(seconds / 2, () => {
      if (!this.#answered) return this.#drop();
      this.#answered = false;
      this.#send(encodePing());
      this.#keepAlive(seconds);
    });
  }

  #dispatch(message: LiveMessage): void {
    for (const [filter, handlers] of this.#handlers) {
      if (topicMatches(filter, message.topic)) for (const handler of handlers) handler(message);
    }
  }

  #settle(id: number, reason: number, text: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (reason < FIRST_ERROR) waiting?.resolve();
    else waiting?.reject(new Error(text || 'The hub does not allow publishing here'));
  }

  /** Ends this connection and, unless closed for good, plans the next. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const { reject } of this.#waiting.values()) reject(new Error('The connection to the hub was lost'));
    this.#waiting.clear();
    if (this.#closed) return;
    this.#answered = true;
    this.#setState('offline');
    const seconds = Math.min(LONGEST_WAIT_SECONDS, 0.5 * 2 ** this.#failures++);
    this.#after(seconds * (0.75 + Math.random() / 2), () => this.#connect());
  }

  readonly #retryNow = (): void => {
    if (this.state !== 'offline' || document.hidden) return;
    this.#failures = 0;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#connect();
  };

  #after(seconds: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, seconds * 1000);
    this.#timers.add(timer);
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  #setState(state: ConnectionState): void {
    this.state = state;
    this.#onState(state);
  }

  /** 1 to 65535, skipping those still unanswered. */
  #takeId(): number {
    do this.#nextId = (this.#nextId % 0xffff) + 1;
    while (this.#waiting.has(this.#nextId));
    return this.#nextId;
  }
}

/** Not randomUUID: browsers keep that from pages without TLS, as most are in a house. */
function randomClientId(): string {
  const parts = crypto.getRandomValues(new Uint32Array(3));
  return `page-${[...parts].map((part) => part.toString(36)).join('')}`;
}
