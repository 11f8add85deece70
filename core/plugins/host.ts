/**
 * A plugin's process: told over the control channel what to run, it connects to the broker, imports the plugin's module
 * and calls its default export. Ends with the hub: when the channel closes there is nothing left to work for.
 */
import { setMaxListeners } from 'node:events';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { createPluginHub, type PluginHub } from '../sdk/client.ts';
import { type Connection, openConnection } from '../sdk/connection.ts';
import type { Stop } from '../sdk/contract.ts';
import { errorText } from '../support/errors.ts';
import type { Logger } from '../support/log.ts';
import { LineSplitter } from './lines.ts';
import { CONTROL_FD, type FromPlugin, LEVEL_PREFIX, type StartMessage, type ToPlugin } from './protocol.ts';

/** A plugin's `Stop` may take this long; the hub kills after 5 s. */
const STOP_MS = 4000;

const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
const stopping = new AbortController();
// Every part of a plugin may wait for its end; many that do are no leak.
setMaxListeners(0, stopping.signal);
const log = stderrLogger();
let running: { connection: Connection; pluginHub: PluginHub; stop?: Stop | void } | undefined;

// Written at once and to a pipe that outlives the process, so that the last words before a crash arrive.
process.on('uncaughtException', (error) => fail(error));
process.on('unhandledRejection', (error) => fail(error));
process.on('SIGTERM', () => void end());
// A Ctrl-C in the hub's terminal is the hub's to handle.
process.on('SIGINT', () => log.debug('SIGINT is left to the hub'));

const lines = new LineSplitter(Number.POSITIVE_INFINITY);
control.on('data', (chunk: Buffer) => {
  for (const line of lines.push(chunk)) obey(JSON.parse(line) as ToPlugin);
});
control.on('close', () => process.exit(0));
control.on('error', () => process.exit(0));
tell({ type: 'hello' });

function obey(message: ToPlugin): void {
  if (message.type === 'ping') tell({ type: 'pong' });
  else run(message).catch(fail);
}

async function run(start: StartMessage): Promise<void> {
  const connection = await openConnection({ socket: start.mqttSocket, id: start.id, token: start.token, log });
  const pluginHub = createPluginHub({ start, connection, log, signal: stopping.signal, tell });
  running = { connection, pluginHub };
  const module = (await import(pathToFileURL(start.module).href)) as { default?: unknown };
  if (typeof module.default !== 'function') throw new Error('its main module has no default-exported function');
  await pluginHub.listen();
  running.stop = (await module.default(pluginHub.hub)) as Stop | void;
  pluginHub.started();
  await connection.announce('online');
  tell({ type: 'ready' });
}

async function end(): Promise<void> {
  if (stopping.signal.aborted) return;
  stopping.abort();
  setTimeout(() => {
    log.warn(`its stop function took longer than ${STOP_MS / 1000} s`);
    process.exit(0);
  }, STOP_MS).unref();
  try {
    await running?.stop?.();
  } catch (error) {
    log.error(`its stop function failed: ${stackOf(error)}`);
  }
  await running?.pluginHub.close();
  await running?.connection.announce('offline');
  await running?.connection.end();
  process.exit(0);
}

function fail(error: unknown): void {
  log.error(stackOf(error));
  tell({ type: 'failed', message: errorText(error) });
  process.exit(1);
}

function tell(message: FromPlugin): void {
  control.write(`${JSON.stringify(message)}\n`);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Log lines go the way of all output: to stderr, with their level in front. */
function stderrLogger(): Logger {
  const at = (level: keyof typeof LEVEL_PREFIX) => (message: string) => {
    const lines = message.split('\n').map((line) => `${LEVEL_PREFIX[level]}${line}\n`);
    process.stderr.write(lines.join(''));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
