import type { DeviceDescription, JsonObject, Location } from '../sdk/contract.ts';
import type { CommandDeclaration } from './contract.ts';

/**
 * What hub and plugin process tell each other beside MQTT: one JSON object a line over a socket pair at this descriptor.
 * Node's own IPC channel is not used: a plugin that writes garbage to it throws inside the hub.
 */
export const CONTROL_FD = 3;

/** The first line a plugin process is sent. */
export interface StartMessage {
  readonly type: 'start';
  readonly id: string;
  /** The module to import. */
  readonly module: string;
  readonly config: JsonObject;
  readonly dataDir: string;
  readonly mqttSocket: string;
  readonly token: string;
  /** Where the plugin's own HTTP server listens, if it opens one. */
  readonly httpSocket: string;
  readonly location?: Location;
  readonly timezone: string;
  readonly hub: { readonly name: string; readonly version: string };
  readonly commands: Readonly<Record<string, CommandDeclaration>>;
  /** Retained device states of an earlier run, by device. */
  readonly states: Readonly<Record<string, string>>;
}

export type ToPlugin = StartMessage | { readonly type: 'ping' };

export type FromPlugin =
  /** The process is up; from now on it owes answers. Until then a slow machine may take its time. */
  | { readonly type: 'hello' }
  | { readonly type: 'pong' }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'waiting'; readonly reason: string; readonly advice?: string }
  | { readonly type: 'working' }
  | { readonly type: 'device'; readonly device: string; readonly description: DeviceDescription | null }
  | { readonly type: 'http' };

const MESSAGE_TYPES: readonly string[] = ['hello', 'pong', 'ready', 'failed', 'waiting', 'working', 'device', 'http'];

/** A line from a plugin process; undefined for anything that is no message. */
export function parseFromPlugin(line: string): FromPlugin | undefined {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return undefined; // the caller logs what is no message
  }
  const { type, device, message: text, reason } = (message ?? {}) as Record<string, unknown>;
  if (typeof type !== 'string' || !MESSAGE_TYPES.includes(type)) return undefined;
  if (type === 'device' && typeof device !== 'string') return undefined;
  if (type === 'failed' && typeof text !== 'string') return undefined;
  if (type === 'waiting' && typeof reason !== 'string') return undefined;
  return message as FromPlugin;
}

/** sd-daemon's prefixes: how a line of a process's output says its level. */
export const LEVEL_PREFIX = { error: '<3>', warn: '<4>', info: '<6>', debug: '<7>' } as const;
