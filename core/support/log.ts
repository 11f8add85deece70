export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One log line, as it stands in the log files and on `hub/log/<id>`. */
export interface LogEntry {
  /** Epoch ms, UTC. */
  readonly time: number;
  readonly level: LogLevel;
  /** The plugin's id, or `hub`. */
  readonly plugin: string;
  readonly message: string;
}

/** What writes log lines. Never hand it a secret. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A logger whose lines carry `plugin` and go to `write`. */
export function createLogger(plugin: string, write: (entry: LogEntry) => void, now: () => number = Date.now): Logger {
  const at = (level: LogLevel) => (message: string) => write({ time: now(), level, plugin, message });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
