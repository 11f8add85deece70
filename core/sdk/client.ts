import { join } from 'node:path';
import type { FromPlugin, StartMessage } from '../plugins/protocol.ts';
import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { Commands } from './commands.ts';
import type { Connection } from './connection.ts';
import type { CommandHandler, Hub, Json, Message, Store } from './contract.ts';
import { createDevice } from './device.ts';
import type { PluginServer } from './http.ts';
import { ProgressMeter } from './progress.ts';
import { every } from './rhythm.ts';
import { openStore } from './store.ts';

/** The hub as one plugin sees it, and what its process needs to run and end it. */
export interface PluginHub {
  readonly hub: Hub;
  /** Subscribes to the commands; one that has no handler yet waits for `started`. */
  listen(): Promise<void>;
  /** The plugin's start function is done. */
  started(): void;
  /** Closes stores and the HTTP server. */
  close(): Promise<void>;
}

/** Builds the object that a plugin's default export is called with. */
export function createPluginHub(options: {
  readonly start: StartMessage;
  readonly connection: Connection;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Sends a message to the hub process. */
  readonly tell: (message: FromPlugin) => void;
}): PluginHub {
  const { start, connection, log, signal, tell } = options;
  const { id, dataDir } = start;
  const commands = new Commands(id, start.commands, connection, log);
  const stores: Store[] = [];
  const meter = new ProgressMeter();
  let web: Promise<PluginServer> | undefined;
  const report = (what: string) => (error: unknown) => log.error(`${what}: ${errorText(error)}`);
  // A plugin that waits takes commands, also while its start function is still at it.
  const tellListening = (message: FromPlugin) => {
    commands.listen().then(() => tell(message), report('subscribing to the commands'));
  };

  const hub: Hub = {
    id,
    config: start.config,
    log,
    signal,
    dataDir,
    location: start.location,
    timezone: start.timezone,
    hub: start.hub,

    device: (device, description) =>
      createDevice({
        plugin: id,
        id: device,
        description,
        connection,
        left: start.states[device],
        announce: (announced) => tell({ type: 'device', device, description: announced }),
        signal,
        onError: report(`device ${device}`),
      }),

    event: (name, data = {}) =>
      connection.publish(`${id}/event/${name}`, JSON.stringify({ time: Date.now(), ...data })),

    command: (name, handler) => commands.add(name, handler as CommandHandler),

    subscribe: (filter, handler) =>
      connection.subscribe(filter, ({ topic, text, retained }) => {
        const message: Message = { topic, text, payload: parsePayload(text), retained };
        Promise.resolve()
          .then(() => handler(message))
          .catch(report(`the handler of ${filter} failed on ${topic}`));
      }),

    publish: (topic, payload, publishing) => connection.publish(topic, encodePayload(payload), publishing),

    every: (seconds, task) => every(seconds, task, signal, report('a periodic task failed')),

    store(migrations, file = 'store.db') {
      const store = openStore(join(dataDir, file), migrations);
      stores.push(store);
      return store;
    },

    async http() {
      web ??= import('./http.ts').then(({ openPluginServer }) => openPluginServer(start.httpSocket, id));
      const { router } = await web;
      tell({ type: 'http' });
      return router;
    },

    waiting: (reason, advice) => tellListening({ type: 'waiting', reason, ...(advice !== undefined && { advice }) }),
    ready: () => tellListening({ type: 'working' }),

    progress(job, done, total, message) {
      const step = meter.step(job, done, total, message, Date.now());
      if (!step) return;
      connection.publish(`${id}/progress/${job}`, JSON.stringify(step), { qos: 0 }).catch(report(`progress of ${job}`));
    },

    letter(heading, paragraph) {
      connection
        .publish(`${id}/letter/paragraph`, JSON.stringify({ heading, paragraph }), { retain: true })
        .catch(report('the paragraph of the letter'));
    },
  };

  return {
    hub,
    listen: () => commands.listen(),
    started: () => commands.started(),
    async close() {
      for (const store of stores) store.close();
      await (await web)?.close();
    },
  };
}

function parsePayload(text: string): Json {
  if (text === '') return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // by contract: what is not JSON is text
  }
}

function encodePayload(payload: Json | Uint8Array): string | Uint8Array {
  if (payload === null) return '';
  return typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
}
