import { writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Broker, RetainedMessage } from '../../../core/broker/contract.ts';
import { loadConfig } from '../../../core/config/config.ts';
import { createAccounts } from '../../../core/http/accounts.ts';
import type { Accounts, HttpParts } from '../../../core/http/contract.ts';
import { createHttpServer } from '../../../core/http/server.ts';
import type { CommandOutcome, PluginDetails, PluginManager } from '../../../core/plugins/contract.ts';
import type { Recorder } from '../../../core/recorder/contract.ts';
import type { JsonObject } from '../../../core/sdk/contract.ts';
import { HubError } from '../../../core/support/errors.ts';
import { createLogBook } from '../../../core/support/log-book.ts';
import { distFile } from '../../../core/support/paths.ts';
import { type DocumentStore, openHubStore } from '../../../core/support/store.ts';
import { temporaryFolder } from '../../support/hub.ts';

/** A hub.db of its own. */
export async function openDocuments(folder?: string): Promise<DocumentStore> {
  const store = await openHubStore(join(folder ?? (await temporaryFolder()), 'hub.db'), silentLog);
  onTestFinished(() => store.close());
  return store.documents;
}

export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly options: unknown;
}

/** The parts of a hub that HTTP shows, each answering at once what the test put there. */
export interface HttpWorld {
  readonly url: string;
  readonly dataDir: string;
  readonly accounts: Accounts;
  readonly parts: HttpParts;
  readonly accountLink: () => string;
  readonly published: Published[];
  readonly commands: { id: string; name: string; args: JsonObject; from: unknown }[];
  readonly logLines: () => string;
}

export interface WorldOptions {
  readonly config?: string;
  readonly plugins?: readonly PluginDetails[];
  readonly retained?: readonly RetainedMessage[];
  readonly commandOutcome?: CommandOutcome;
  readonly sockets?: Readonly<Record<string, string>>;
  readonly recorderProblem?: string;
  readonly webFolder?: string;
  readonly accept?: Broker['accept'];
}

export async function startHttp(options: WorldOptions = {}): Promise<HttpWorld> {
  const dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'cupboard.yaml'), options.config ?? 'http: { listen: "127.0.0.1:0" }\n');
  let text = '';
  const logs = createLogBook({
    folder: dataDir,
    print: (line) => {
      text += line;
    },
  });
  const log = logs.logger('hub');
  const published: Published[] = [];
  const commands: HttpWorld['commands'] = [];
  const accounts = createAccounts({ documents: await openDocuments(dataDir), log });
  const parts: HttpParts = {
    config: await loadConfig({ dataDir, log }),
    broker: broker(options, published),
    recorder: recorder(options),
    plugins: plugins(options, commands),
    accounts,
    logs,
    dataDir,
    webFolder: options.webFolder ?? distFile('web'),
    version: '0.0.0-test',
  };
  const server = createHttpServer(parts);
  await server.start();
  onTestFinished(async () => {
    await server.stop();
    await logs.close();
  });
  return {
    url: server.url,
    dataDir,
    accounts,
    parts,
    accountLink: server.accountLink,
    published,
    commands,
    logLines: () => text,
  };
}

function broker({ retained = [], accept }: WorldOptions, published: Published[]): Broker {
  const stats = {
    clients: 1,
    received: 2,
    sent: 3,
    retained: 4,
    retainedBytes: 5,
    queuedMessages: 6,
    journalWaiting: 7,
  };
  return {
    start: async () => undefined,
    stop: async () => undefined,
    address: '127.0.0.1:1883',
    pluginSocket: '',
    pluginUrl: '',
    accept: accept ?? ((stream) => void stream.destroy()),
    publish: async (topic, payload, given) => void published.push({ topic, payload: String(payload), options: given }),
    subscribe: async () => () => undefined,
    retained: () => retained,
    clearTree: async () => undefined,
    setPluginTrees: () => undefined,
    admitPlugin: () => undefined,
    expelPlugin: () => undefined,
    setUserRules: () => undefined,
    expelUser: () => undefined,
    mayPublish: (identity, topic) => identity.kind === 'user' && identity.role === 'admin' && !topic.startsWith('hub/'),
    mayRead: (_identity, topic) => !topic.startsWith('secret/'),
    stats: () => stats,
  };
}

function recorder({ recorderProblem }: WorldOptions): Recorder {
  const stats = { series: 1, waiting: 2, written: 3, bytes: 4, refused: 0 };
  return {
    start: async () => undefined,
    stop: async () => undefined,
    series: async () => [
      { series: 'acurite/outdoor/temperature', unit: '°C', first: 1000, last: 3000, count: 3, bytes: 60 },
    ],
    history: async ({ series }) => {
      if (series !== 'acurite/outdoor/temperature')
        throw new HubError('series_unknown', `there is no series ${series}`);
      return {
        series,
        unit: '°C',
        resolution: 'raw',
        points: [
          [1000, 21, 21.4, 22],
          [2000, null, null, null],
        ],
      };
    },
    events: async () => [{ time: 1000, topic: 'acurite/event/rain', payload: '{"time":1000}' }],
    flush: async () => undefined,
    reconfigure: () => undefined,
    stats: () => (recorderProblem === undefined ? stats : { ...stats, problem: recorderProblem }),
  };
}

function plugins({ plugins: all = [], commandOutcome, sockets = {} }: WorldOptions, commands: HttpWorld['commands']) {
  const find = (id: string) => all.find(({ row }) => row.id === id);
  const manager: PluginManager = {
    start: async () => undefined,
    stop: async () => undefined,
    list: () => all.map(({ row }) => row),
    find,
    act: async (id) => find(id)!.row,
    command: async (id, name, args, from) => {
      commands.push({ id, name, args, from });
      return commandOutcome ?? { kind: 'answer', answer: { ok: true, echo: args } };
    },
    reconfigure: async () => undefined,
    httpSocket: (id) => sockets[id],
    install: async () => ({ id: 'new', permissions: { publishes: [], subscribes: [] } }),
    rollBack: async (id) => find(id)!.row,
    outdated: async () => [],
    remove: async () => undefined,
  };
  return manager;
}

/** A plugin as the manager shows it. */
export function pluginDetails(
  id: string,
  given: Partial<PluginDetails> & { config?: JsonObject; panel?: string } = {},
) {
  const { config, panel, ...rest } = given;
  const details: PluginDetails = {
    row: {
      id,
      name: 'A plugin',
      state: 'running',
      since: 1000,
      restarts: 0,
      version: '1.0.0',
      license: 'MIT',
      permissions: { publishes: [], subscribes: [] },
    },
    manifest: {
      id,
      name: 'A plugin',
      version: '1.0.0',
      description: 'For tests',
      license: 'MIT',
      hub: '1',
      main: 'index.js',
      ...(config && { config }),
      ...(panel && { panel }),
      publishes: [],
      subscribes: [],
      commands: { greet: { description: 'Says hello' } },
      devices: {},
      programs: {},
      needs: { groups: [], capabilities: [], privileged: [], unprotected: [], delegate: false, udev: [], polkit: [] },
      memoryMb: 256,
      aptPackages: [],
    },
    folder: '/nowhere',
    firstParty: true,
    ...rest,
  };
  return details;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Media type without parameters. */
  readonly type: string;
  readonly text: string;
  /** The answer's JSON. */
  readonly json: JsonObject;
}

/** Asks as a given client would: any Host, Origin and cookie, which fetch() does not let one set. */
export function ask(
  target: string | { readonly socketPath: string },
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const json = content !== undefined && { 'content-type': 'application/json' };
  const address = typeof target === 'string' ? { host: new URL(target).hostname, port: new URL(target).port } : target;
  return new Promise((resolve, reject) => {
    const asked = request({ ...address, method, path, headers: { ...json, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          type: response.headers['content-type']?.split(';')[0] ?? '',
          text,
          get json() {
            return JSON.parse(text) as JsonObject;
          },
        });
      });
    });
    asked.on('error', reject);
    asked.end(content);
  });
}

/** The cookie of an answer as a browser sends it back. */
export function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}
