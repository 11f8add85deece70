import { join } from 'node:path';
import { startAutomaticBackups } from './backup/automatic.ts';
import { finishRestore } from './backup/restore.ts';
import { createBroker } from './broker/broker.ts';
import type { Broker } from './broker/contract.ts';
import { loadConfig } from './config/config.ts';
import type { ConfigFile, HubConfig } from './config/contract.ts';
import type { Overrides } from './config/parse.ts';
import { createAccounts } from './http/accounts.ts';
import type { Accounts } from './http/contract.ts';
import { createHttpServer } from './http/server.ts';
import { createPluginManager } from './plugins/manager.ts';
import { createRecorder } from './recorder/recorder.ts';
import { lockDataDir, prepareDataDir } from './support/data-dir.ts';
import { watchDisk } from './support/disk.ts';
import { errorText } from './support/errors.ts';
import { createHubEvents } from './support/events.ts';
import { Lifeline } from './support/lifeline.ts';
import type { Logger, LogLevel } from './support/log.ts';
import { createLogBook, type LogBook } from './support/log-book.ts';
import { distFile } from './support/paths.ts';
import { openHubStore } from './support/store.ts';
import { openTls, type Tls } from './tls/tls.ts';

export interface HubOptions {
  readonly dataDir: string;
  readonly version: string;
  readonly overrides?: Overrides;
  /** Run every plugin that has a demo config, on its simulator. */
  readonly demo?: boolean;
}

export interface RunningHub {
  /** `http://127.0.0.1:8484` */
  readonly http: string;
  /** `mqtt://127.0.0.1:1883` */
  readonly mqtt: string;
  readonly logs: LogBook;
  /** The one-time link to the first account, as long as there is none. */
  readonly accountLink: string | undefined;
  stop(): Promise<void>;
}

/**
 * Builds the hub's parts and starts them in order; answers when HTTP, MQTT and hub.sock listen and the plugins are on
 * their way. What fails takes down what was started before it.
 * @throws ConfigError, and HubError with what to do about a taken directory or port
 */
export async function startHub({ dataDir, version, overrides = {}, demo = false }: HubOptions): Promise<RunningHub> {
  await prepareDataDir(dataDir);
  const lock = await lockDataDir(dataDir);
  await finishRestore(dataDir);
  const logs = createLogBook({ folder: join(dataDir, 'logs') });
  const log = logs.logger('hub');
  const parts = new Lifeline();
  const stop = async () => {
    await parts.stop(log);
    await logs.close();
    lock.release();
  };

  try {
    warnOfNode(log);
    const config = await loadConfig({ dataDir, log, overrides });
    followConfig(config, logs);

    const tls = tlsOf(config.current, dataDir, log);
    parts.onStop('tls', () => tls?.stop());

    const store = await openHubStore(join(dataDir, 'hub.db'), log);
    parts.onStop('hub.db', () => store.close());
    const { documents } = store;
    const accounts = createAccounts({ documents, log });

    const broker = createBroker({
      config: config.current.broker,
      store,
      dataDir,
      tls,
      log,
      authenticate: (user, password, address) => accounts.verify(user, password, address),
      hasUsers: () => accounts.users().length > 0,
    });
    followUserRules(config, accounts, broker);
    const events = createHubEvents(broker, log);
    const recorder = createRecorder({
      file: join(dataDir, 'recorder.db'),
      config: () => config.current.recorder,
      timezone: () => config.current.timezone,
      broker,
      log,
    });
    const plugins = createPluginManager({
      config,
      broker,
      documents,
      dataDir,
      firstParty: distFile('plugins'),
      demo,
      logs,
      events,
    });
    const http = createHttpServer({
      config,
      broker,
      recorder,
      plugins,
      accounts,
      logs,
      dataDir,
      tls,
      webFolder: distFile('web'),
      version,
    });

    // Before the broker: what a killed hub left in its journal is routed while it starts, and belongs to the history.
    await recorder.start();
    parts.onStop('recorder', () => recorder.stop());
    await broker.start();
    parts.onStop('broker', () => broker.stop());
    parts.onStop('status', () => broker.publish('hub/status', 'offline', { qos: 1, retain: true }));
    await plugins.start();
    parts.onStop('plugins', () => plugins.stop());
    await http.start();
    parts.onStop('http', () => http.stop());

    parts.onStop('log feed', feedLog(logs, broker));
    const disk = watchDisk(dataDir, log, (free_bytes) => events('disk_low', { free_bytes }));
    parts.onStop('disk watch', disk.stop);
    const backups = startAutomaticBackups({ dataDir, config, log, events });
    parts.onStop('backups', backups.stop);
    config.onChange((next, previous) => {
      recorder.reconfigure();
      plugins.reconfigure().catch((error: unknown) => log.error(`plugins: ${errorText(error)}`));
      for (const key of restartKeys(next, previous)) {
        log.warn(`the new ${key} takes effect when the hub is started again`);
      }
    });
    await config.watch();
    parts.onStop('config', () => config.stop());
    await broker.publish('hub/status', 'online', { qos: 1, retain: true });
    events('started', { version });
    parts.onStop('stopped event', () => events('stopped'));

    const accountLink = accounts.users().length === 0 ? http.accountLink() : undefined;
    return { http: http.url, mqtt: `mqtt://${broker.address}`, logs, accountLink, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The certificate, where a listener wants one. */
const tlsOf = ({ http, broker, tls }: HubConfig, dataDir: string, log: Logger): Tls | undefined =>
  http.tls || broker.tls_listen ? openTls(dataDir, tls, log) : undefined;

/** Keys whose change an open listener cannot take. */
function restartKeys(next: HubConfig, previous: HubConfig): string[] {
  const keys = {
    'broker.listen': ({ broker }: HubConfig) => broker.listen,
    'broker.tls_listen': ({ broker }: HubConfig) => broker.tls_listen,
    'http.tls': ({ http }: HubConfig) => http.tls,
    tls: ({ tls }: HubConfig) => `${tls.certificate} ${tls.key}`,
  };
  return Object.entries(keys).flatMap(([key, value]) => (value(next) === value(previous) ? [] : [key]));
}

/** better-sqlite3 12, the last line for Node 20, aborts on newer ones (upstream issue 1515, not fixed in that line). */
function warnOfNode(log: Logger): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 24)
    log.warn(`Node ${process.versions.node}: the SQLite driver may abort there; run the hub on Node 20 or 22`);
}

/** The log's levels and hidden values are those of the configuration in force. */
function followConfig(config: ConfigFile, logs: LogBook): void {
  const apply = (current: HubConfig) => {
    logs.hide('secrets.yaml', config.secretValues());
    const levels = Object.entries(current.plugins).flatMap(([id, { log_level }]) =>
      log_level === undefined ? [] : [[id, log_level as LogLevel] as const],
    );
    logs.setLevels(Object.fromEntries(levels));
  };
  apply(config.current);
  config.onChange(apply);
}

/** Rules kept with the accounts, and those of the file in their place; both in force at once when they change. */
function followUserRules(config: ConfigFile, accounts: Accounts, broker: Broker): void {
  const apply = () => {
    const kept = accounts.users().flatMap(({ name, rules }) => (rules ? [[name, rules] as const] : []));
    broker.setUserRules({ ...Object.fromEntries(kept), ...config.current.broker.rules });
  };
  apply();
  config.onChange(apply);
  accounts.onUserChange(({ name, mustLeave }) => {
    apply();
    if (mustLeave) broker.expelUser(name);
  });
}

/** Publishes every line as `hub/log/<plugin>`, for the page. Answers how to end that. */
function feedLog(logs: LogBook, broker: Broker): () => void {
  return logs.onEntry((entry) => {
    // A line that could not be published must not make the next one: that would never end.
    broker.publish(`hub/log/${entry.plugin}`, JSON.stringify(entry)).catch(() => undefined);
  });
}
