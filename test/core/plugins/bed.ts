import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PluginGrant } from '../../../core/broker/contract.ts';
import type { ConfigFile, HubConfig } from '../../../core/config/contract.ts';
import type { PluginManager, PluginState } from '../../../core/plugins/contract.ts';
import { createPluginManager } from '../../../core/plugins/manager.ts';
import type { Timings } from '../../../core/plugins/supervisor.ts';
import type { JsonObject } from '../../../core/sdk/contract.ts';
import { createLogger, type LogEntry } from '../../../core/support/log.ts';
import { temporaryFolder, waitFor } from '../../support/hub.ts';
import { type Bed as BrokerBed, startBroker } from '../broker/bed.ts';

/** Quick enough for a test to see a crash loop, slow enough for two busy cores. */
const TIMINGS: Partial<Timings> = { pingMs: 2000, backoffMs: 50, memoryMs: 100 };

export interface PluginBed extends BrokerBed {
  readonly manager: PluginManager;
  readonly pluginLog: readonly LogEntry[];
  readonly events: readonly { name: string; data: object }[];
  /** Lines of one plugin's log. */
  logOf(id: string): string;
  /** Writes a plugin folder into `<data>/plugins`. */
  drop(id: string, files: Record<string, string>, manifest?: object): Promise<string>;
  configure(plugins: Record<string, JsonObject>): Promise<void>;
  /** Waits until the plugin is in one of the states; answers its row. */
  reaches(id: string, ...states: PluginState[]): ReturnType<typeof waitFor<ReturnType<PluginManager['list']>[number]>>;
  retained(topic: string): string | undefined;
  /** Breaks the plugin's connection to the broker; it may come back. */
  dropConnection(id: string): void;
}

/** A real broker, a real manager and real processes, over a data directory of the test's own. */
export async function startPlugins(
  options: {
    plugins?: Record<string, JsonObject>;
    config?: Partial<HubConfig>;
    timings?: Partial<Timings>;
    firstParty?: string;
    demo?: boolean;
    dataDir?: string;
    prepare?: (dataDir: string) => Promise<void>;
  } = {},
): Promise<PluginBed> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  await options.prepare?.(dataDir);
  const bed = await startBroker({ dataDir });
  const grants = new Map<string, PluginGrant>();
  const admit = bed.broker.admitPlugin.bind(bed.broker);
  bed.broker.admitPlugin = (grant) => {
    grants.set(grant.id, grant);
    admit(grant);
  };
  const pluginLog: LogEntry[] = [];
  const events: { name: string; data: object }[] = [];
  const current = { name: 'test', timezone: 'Europe/Berlin', plugins: options.plugins ?? {}, ...options.config };
  const config = { current } as { current: HubConfig };
  const manager = createPluginManager({
    config: config as ConfigFile,
    broker: bed.broker,
    documents: bed.store.documents,
    dataDir,
    firstParty: options.firstParty ?? join(dataDir, 'none'),
    demo: options.demo ?? false,
    logs: { logger: (plugin) => createLogger(plugin, (entry) => pluginLog.push(entry)), hide: () => undefined },
    events: (name, data = {}) => events.push({ name, data }),
    timings: { ...TIMINGS, ...options.timings },
  });
  onTestFinished(() => manager.stop());
  await manager.start();
  return {
    ...bed,
    manager,
    pluginLog,
    events,
    logOf: (id) =>
      pluginLog
        .filter(({ plugin }) => plugin === id)
        .map(({ message }) => message)
        .join('\n'),
    drop: (id, files, manifest) => writePlugin(join(dataDir, 'plugins', id), id, files, manifest),
    async configure(plugins) {
      config.current = { ...config.current, plugins };
      await manager.reconfigure();
    },
    reaches: (id, ...states) =>
      waitFor(
        `${id} to be ${states.join(' or ')}; it is ${JSON.stringify(manager.find(id)?.row)}\n${pluginLog.map(({ plugin, message }) => `${plugin}: ${message}`).join('\n')}`,
        () => manager.list().find((row) => row.id === id && states.includes(row.state)),
      ),
    dropConnection(id) {
      bed.broker.expelPlugin(id);
      admit(grants.get(id)!);
    },
    retained: (topic) => bed.broker.retained(topic)[0]?.payload.toString(),
  };
}

/** Writes a plugin folder: index.ts unless the manifest says otherwise. */
export async function writePlugin(
  folder: string,
  id: string,
  files: Record<string, string>,
  manifest: object = {},
): Promise<string> {
  const complete = {
    id,
    name: id,
    version: '1.0.0',
    description: 'a test plugin',
    license: 'MIT',
    hub: '1',
    ...('exec' in manifest ? {} : { main: 'index.ts' }),
    ...manifest,
  };
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries({ ...files, 'plugin.json': JSON.stringify(complete) })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text, { mode: name.endsWith('.json') ? 0o644 : 0o755 });
  }
  return folder;
}
