import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type RunningHub, startHub } from '../hub.ts';
import { dataDirToStart } from '../support/data-dir.ts';
import { errorCode } from '../support/errors.ts';
import { formatAddress, nextFreePort } from '../support/ports.ts';
import { createServiceManager } from '../support/service-manager.ts';
import { print } from './output.ts';

export interface StartOptions {
  readonly version: string;
  readonly dataDir?: string | undefined;
  readonly http?: string;
  readonly mqtt?: string;
  readonly demo?: boolean;
}

/** A stop that takes longer is given up: the service manager would kill the hub soon anyway, and say nothing. */
const STOP_WITHIN_MS = 9500;

/** Runs the hub until it is told to end; answers the exit code. */
export async function start({ version, dataDir, http, mqtt, demo = false }: StartOptions): Promise<number> {
  const ending = Promise.race([signalled(), crashed()]);
  const folder = demo ? resolve(dataDir ?? 'data-demo') : dataDirToStart({ option: dataDir });
  if (demo) await furnish(folder);
  const starting = startHub({
    dataDir: folder,
    version,
    demo,
    overrides: await addresses({ http, mqtt, demo }),
  });
  const hub = await Promise.race([starting, ending]);
  if (hub instanceof Error) throw hub;
  // Told to end before it was up: nothing was acknowledged yet, so nothing is lost by ending at once.
  if (typeof hub === 'string') return 0;
  if (hub.accountLink) process.stderr.write(`Open this once to create the first account: ${hub.accountLink}\n`);
  const manager = createServiceManager(hub.logs.logger('hub'));
  manager.ready();
  print(`ready http=${hub.http} mqtt=${hub.mqtt}`);
  const reason = await ending;
  manager.stopping();
  return end(hub, reason);
}

async function end({ logs, stop }: RunningHub, reason: NodeJS.Signals | Error): Promise<number> {
  const log = logs.logger('hub');
  if (reason instanceof Error) log.error(`a fault of the hub itself: ${reason.stack ?? reason.message}`);
  else log.info(`${reason}: stopping`);
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), STOP_WITHIN_MS));
  const stopped = await Promise.race([stop(), late]);
  if (stopped === 'late') log.error(`not stopped within ${STOP_WITHIN_MS} ms: what is left is cut off`);
  return reason instanceof Error || stopped === 'late' ? 1 : 0;
}

/** The first signal (a terminal that closes sends one too) asks to stop; a second one, from somebody in a hurry, ends the process there and then. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve(signal));
  });
}

/** What nobody caught. The hub ends rather than go on in a state nobody thought of; the service manager restarts it. */
function crashed(): Promise<Error> {
  return new Promise((resolve) => {
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => resolve(error instanceof Error ? error : new Error(String(error))));
    }
  });
}

const DEMO_CONFIG = `# The house of the demo; edit it like a real one.
name: Demo house
location: { latitude: 51.478, longitude: 0, elevation: 47 }
timezone: Europe/London
`;

/** A demo without a place could show neither sea-level pressure nor where a day begins. */
async function furnish(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(join(folder, 'cupboard.yaml'), DEMO_CONFIG, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** The demo takes the next free ports, so that it never gets in the way of a hub or broker that runs. */
async function addresses({
  http,
  mqtt,
  demo,
}: {
  http?: string | undefined;
  mqtt?: string | undefined;
  demo: boolean;
}) {
  const free = async (port: number) => formatAddress('127.0.0.1', await nextFreePort('127.0.0.1', port));
  const httpAddress = http ?? (demo ? await free(8484) : undefined);
  const mqttAddress = mqtt ?? (demo ? await free(1883) : undefined);
  return {
    ...(httpAddress === undefined ? {} : { http: httpAddress }),
    ...(mqttAddress === undefined ? {} : { mqtt: mqttAddress }),
  };
}
