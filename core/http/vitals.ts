import { monitorEventLoopDelay } from 'node:perf_hooks';
import { PLUGIN_STATES, type PluginState } from '../plugins/contract.ts';
import { freeBytes, LOW_BYTES } from '../support/disk.ts';
import type { HttpParts } from './contract.ts';

/** How the hub itself is. */
export interface Vitals {
  readonly status: 'ok' | 'degraded';
  /** Why it is degraded, a line each. */
  readonly problems: readonly string[];
  readonly version: string;
  readonly core: {
    readonly uptimeSeconds: number;
    readonly rssBytes: number;
    readonly eventLoopLagMs: { readonly mean: number; readonly p99: number; readonly max: number };
  };
  /** How many plugins are in each state. */
  readonly plugins: Readonly<Partial<Record<PluginState, number>>>;
  readonly queues: { readonly brokerJournal: number; readonly brokerOffline: number; readonly recorder: number };
  readonly diskFreeBytes: number;
}

export interface VitalsReader {
  read(): Promise<Vitals>;
  close(): void;
}

const RESOLUTION_MS = 20;
const WINDOW_MS = 60_000;

/** Watches the event loop until closed; the lag it tells is of the current minute. */
export function createVitals({
  broker,
  recorder,
  plugins,
  dataDir,
  version,
}: Pick<HttpParts, 'broker' | 'recorder' | 'plugins' | 'dataDir' | 'version'>): VitalsReader {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const window = setInterval(() => delay.reset(), WINDOW_MS).unref();
  // The histogram holds the time between ticks of a timer, so its period is taken off.
  const lag = (nanoseconds: number) =>
    Math.round(Math.max(0, (Number.isFinite(nanoseconds) ? nanoseconds : 0) / 1e6 - RESOLUTION_MS) * 100) / 100;

  return {
    async read() {
      const diskFreeBytes = await freeBytes(dataDir);
      const routing = broker.stats();
      const recording = recorder.stats();
      const problems = [
        routing.problem === undefined ? [] : [`the broker cannot store messages: ${routing.problem}`],
        recording.problem === undefined ? [] : [`the recorder cannot write: ${recording.problem}`],
        diskFreeBytes < LOW_BYTES ? [`only ${Math.floor(diskFreeBytes / 1e6)} MB are free on the disk`] : [],
      ].flat();
      return {
        status: problems.length === 0 ? 'ok' : 'degraded',
        problems,
        version,
        core: {
          uptimeSeconds: Math.round(process.uptime()),
          rssBytes: process.memoryUsage.rss(),
          eventLoopLagMs: { mean: lag(delay.mean), p99: lag(delay.percentile(99)), max: lag(delay.max) },
        },
        plugins: countStates(plugins.list()),
        queues: {
          brokerJournal: routing.journalWaiting,
          brokerOffline: routing.queuedMessages,
          recorder: recording.waiting,
        },
        diskFreeBytes,
      };
    },
    close() {
      clearInterval(window);
      delay.disable();
    },
  };
}

function countStates(rows: readonly { readonly state: PluginState }[]): Vitals['plugins'] {
  const counts = PLUGIN_STATES.map((state) => [state, rows.filter((row) => row.state === state).length] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
